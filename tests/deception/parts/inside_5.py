x = rb"" if 0 else """
"値"
"""

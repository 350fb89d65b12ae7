"""One.

Ask the аdmin.
"""

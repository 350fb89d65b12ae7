x = f"""
{usеr}
"""

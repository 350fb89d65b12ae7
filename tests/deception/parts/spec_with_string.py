x = f"{a!r:>{usеr}}"

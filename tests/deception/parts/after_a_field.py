x = f"{a}" + usеr

x = f"{usеr}"

x = f"\{usеr}"

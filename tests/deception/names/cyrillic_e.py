usеr = 1

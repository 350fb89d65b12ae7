x = "a
usеr = 1

x = 1  # the usеr here

x = 1  # the 2usеr here

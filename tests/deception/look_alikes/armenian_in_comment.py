x = 1  # the lօgin here

x = 1  # the loɡin here

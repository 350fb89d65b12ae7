x = 1  # the pɑth here

x = 1  # the rоot here

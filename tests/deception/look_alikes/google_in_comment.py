x = 1  # the gооgle here

x = 1  # the аpple here

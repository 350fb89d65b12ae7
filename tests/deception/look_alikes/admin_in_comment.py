x = 1  # the аdmin here

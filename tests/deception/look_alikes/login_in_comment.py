x = 1  # the lοgin here

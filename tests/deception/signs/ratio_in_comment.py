x = 1  # a.com∶evil

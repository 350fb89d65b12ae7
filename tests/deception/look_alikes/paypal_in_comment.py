x = 1  # the pаypal here

x = 1  # the scоpе here

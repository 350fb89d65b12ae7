x = 1  # harmless

x = 1  # harmlessimport os

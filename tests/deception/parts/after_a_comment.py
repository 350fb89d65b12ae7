# "
usеr = 1

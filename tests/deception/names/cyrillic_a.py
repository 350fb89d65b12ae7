аdmin = 1

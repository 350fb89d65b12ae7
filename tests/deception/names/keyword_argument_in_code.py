f(usеr=1)

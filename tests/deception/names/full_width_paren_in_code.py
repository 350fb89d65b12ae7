print（1)

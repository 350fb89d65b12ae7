paſs = 1

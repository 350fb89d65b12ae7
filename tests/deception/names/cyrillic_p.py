рath = 1

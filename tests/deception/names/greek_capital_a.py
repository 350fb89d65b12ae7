ΑDMIN = 1

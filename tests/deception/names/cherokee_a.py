Ꭺdmin = 1

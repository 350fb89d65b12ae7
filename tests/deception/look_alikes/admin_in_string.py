x = "аdmin"

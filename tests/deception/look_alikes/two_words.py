x = "аdmin and rоot"

x = "rоot"

x = "a　b"

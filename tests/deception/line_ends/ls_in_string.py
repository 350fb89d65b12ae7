x = "a b"

x = "a b"

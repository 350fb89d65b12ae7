x = "a b"

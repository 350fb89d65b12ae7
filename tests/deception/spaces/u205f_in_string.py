x = "a b"

x = "a🿾b"

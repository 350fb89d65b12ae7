x = "a￻b"

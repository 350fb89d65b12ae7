x = "a￹b"

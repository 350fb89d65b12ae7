x = "a￿b"

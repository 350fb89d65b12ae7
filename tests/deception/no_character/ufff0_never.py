x = "a￰b"

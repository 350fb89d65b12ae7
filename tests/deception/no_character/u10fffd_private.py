x = "a􏿽b"

x = "us値r"

x = "a{us値r}"

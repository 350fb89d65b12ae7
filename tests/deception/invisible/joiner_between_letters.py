x = "a‍b"

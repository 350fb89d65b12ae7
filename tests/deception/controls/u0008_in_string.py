x = "ab"

x = "ab"

x = "ab"

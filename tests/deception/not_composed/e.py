x = "café"

x = "über"

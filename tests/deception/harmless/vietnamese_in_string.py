print("Tiếng Việt rất đẹp")

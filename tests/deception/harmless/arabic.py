print("مرحبا")

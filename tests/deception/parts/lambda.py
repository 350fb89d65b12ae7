x = f"{(lambda: usеr)()}"

x = f"{ {1: usеr} }"

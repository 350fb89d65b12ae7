x = f"{{us値r}}"

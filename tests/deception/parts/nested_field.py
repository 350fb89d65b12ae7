x = f"{a:{widеth}}"

d = {"user": 1}
d["usеr"] = 2

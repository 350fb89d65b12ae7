x = """a"b""" + usеr

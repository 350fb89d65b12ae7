x = b"\"" + usеr

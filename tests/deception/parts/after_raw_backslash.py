x = r"a\\" + usеr

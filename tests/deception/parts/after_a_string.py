x = "a" + usеr

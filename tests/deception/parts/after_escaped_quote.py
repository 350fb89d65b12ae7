x = "a\"" + usеr

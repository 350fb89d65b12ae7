x = "usеr"

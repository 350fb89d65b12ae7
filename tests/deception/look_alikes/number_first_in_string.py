x = "2usеr"

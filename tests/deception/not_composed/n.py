x = "mañana"

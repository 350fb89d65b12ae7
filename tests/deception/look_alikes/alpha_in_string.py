x = "pɑth"

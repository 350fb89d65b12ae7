x = "lօgin"

x = "gооgle"

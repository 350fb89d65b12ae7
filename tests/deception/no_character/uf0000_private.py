x = "a󰀀b"

x = "рass"

ɡet()

x = "pаypal"

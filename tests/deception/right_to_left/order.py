allow = "א", "ב"

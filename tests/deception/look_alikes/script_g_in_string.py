x = "loɡin"

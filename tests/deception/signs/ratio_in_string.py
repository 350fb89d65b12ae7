x = "a.com∶evil"

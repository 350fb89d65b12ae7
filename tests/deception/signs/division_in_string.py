x = "a.com∕evil"

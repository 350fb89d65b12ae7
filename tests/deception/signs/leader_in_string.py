x = "a.com․evil"

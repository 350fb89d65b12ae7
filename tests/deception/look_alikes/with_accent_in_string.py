x = "café_а"

print("Zażółć gęślą jaźń")

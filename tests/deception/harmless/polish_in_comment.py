# Zażółć gęślą jaźń
x = 1

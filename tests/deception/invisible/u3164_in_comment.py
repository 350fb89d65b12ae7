x = 1  # all ㅤfine
print(x)

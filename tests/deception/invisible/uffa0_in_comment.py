x = 1  # all ﾠfine
print(x)

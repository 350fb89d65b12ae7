x = 1  # all ᅠfine
print(x)

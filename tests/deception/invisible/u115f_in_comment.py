x = 1  # all ᅟfine
print(x)

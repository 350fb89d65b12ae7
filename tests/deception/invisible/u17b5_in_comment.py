x = 1  # all ឵fine
print(x)

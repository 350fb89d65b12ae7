user = "ad⁮min"
print(user)

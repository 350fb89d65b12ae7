user = "adㅤmin"
print(user)

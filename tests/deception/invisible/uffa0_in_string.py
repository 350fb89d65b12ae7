user = "adﾠmin"
print(user)

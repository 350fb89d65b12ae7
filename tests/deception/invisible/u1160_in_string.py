user = "adᅠmin"
print(user)

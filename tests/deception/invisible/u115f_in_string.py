user = "adᅟmin"
print(user)

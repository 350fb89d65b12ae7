isㅤ_admin = True

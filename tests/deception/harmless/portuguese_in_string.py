print("ação, não, nº 5")

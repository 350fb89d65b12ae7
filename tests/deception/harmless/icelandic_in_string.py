print("Það er gott veður")

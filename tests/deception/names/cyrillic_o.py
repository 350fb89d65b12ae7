lоgin()

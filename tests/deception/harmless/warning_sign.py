print("⚠️ careful")

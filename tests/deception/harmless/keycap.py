print("1️⃣ first")

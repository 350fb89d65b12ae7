print("👨‍👩‍👧")

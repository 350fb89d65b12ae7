print("ሰላም ልዑል")

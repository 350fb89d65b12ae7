aсcess = 1

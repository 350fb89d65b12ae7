print("το αρχείο report.csv")

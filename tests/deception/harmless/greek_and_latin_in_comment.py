# το αρχείο report.csv
x = 1

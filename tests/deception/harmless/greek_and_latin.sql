select 1 -- το αρχείο report.csv

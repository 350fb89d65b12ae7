# файл report.csv, формат JSON, API-ключ
x = 1

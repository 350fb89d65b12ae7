print("файл report.csv, формат JSON, API-ключ")

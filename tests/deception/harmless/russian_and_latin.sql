select 1 -- файл report.csv, формат JSON, API-ключ

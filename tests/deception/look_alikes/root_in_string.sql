select * from t where a = 'rоot'

select * from t where a = 'pаypal'

select * from t where a = 'usеr'

select * from t where a = 'аdmin'

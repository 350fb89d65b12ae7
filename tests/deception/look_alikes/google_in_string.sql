select * from t where a = 'gооgle'

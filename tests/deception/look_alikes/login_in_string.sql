select * from t where a = 'lοgin'

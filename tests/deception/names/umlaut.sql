select größe from t

select tοtal from t

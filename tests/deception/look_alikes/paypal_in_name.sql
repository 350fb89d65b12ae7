select "pаypal" from t

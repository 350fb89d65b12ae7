select "rоot" from t

select "аdmin" from t

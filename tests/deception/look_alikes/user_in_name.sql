select "usеr" from t

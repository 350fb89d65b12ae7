select "to‎tal" from t

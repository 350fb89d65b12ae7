select "gооgle" from t

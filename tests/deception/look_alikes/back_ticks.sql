select `nаme` from t

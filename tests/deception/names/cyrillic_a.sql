select nаme from t

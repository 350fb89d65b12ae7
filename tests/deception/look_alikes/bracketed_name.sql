select [nаme] from t

select ＊ from t

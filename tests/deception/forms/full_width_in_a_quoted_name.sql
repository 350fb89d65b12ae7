select "ｔｏｔａｌ" from t

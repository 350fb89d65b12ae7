select "𝘵𝘰𝘵𝘢𝘭" from t

select "𝐭𝐨𝐭𝐚𝐥" from t

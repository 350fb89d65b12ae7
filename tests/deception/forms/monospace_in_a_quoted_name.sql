select "𝚝𝚘𝚝𝚊𝚕" from t

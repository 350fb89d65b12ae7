select "𝖙𝖔𝖙𝖆𝖑" from t

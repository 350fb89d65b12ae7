select "lοgin" from t

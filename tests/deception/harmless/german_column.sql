select "Größe", [Straße], `Übersicht` from t

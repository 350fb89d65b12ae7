select * from t where a = 'مرحبا' and b = 'שלום'

select 1 -- all ; delete from t

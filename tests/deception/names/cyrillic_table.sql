select * from usеrs

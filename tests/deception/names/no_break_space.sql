select 1

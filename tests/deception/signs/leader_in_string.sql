select 'a․b'

select 'a∶b'

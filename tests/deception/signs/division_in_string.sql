select 'a∕b'

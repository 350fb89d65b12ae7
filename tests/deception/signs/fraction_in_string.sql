select 'a⁄b'

select 'café'

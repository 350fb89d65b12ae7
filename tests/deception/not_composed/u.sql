select 'über'

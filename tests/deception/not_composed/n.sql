select 'mañana'

select 'adㅤmin' as who

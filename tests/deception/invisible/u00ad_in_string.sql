select 'ad­min' as who

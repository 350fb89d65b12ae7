select 'usеr

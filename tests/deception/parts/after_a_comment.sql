select 1 -- '
, usеr

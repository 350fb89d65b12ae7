select 1 -- ok󠁯󠁳

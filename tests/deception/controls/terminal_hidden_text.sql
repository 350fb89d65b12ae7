select 1 -- [8mhidden

select 1 -- for ‏all

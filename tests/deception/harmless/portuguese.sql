select 1 -- ação, não, nº 5

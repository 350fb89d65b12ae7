select 1 -- 値

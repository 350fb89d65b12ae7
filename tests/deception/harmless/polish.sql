select 1 -- Zażółć gęślą jaźń

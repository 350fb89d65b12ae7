select 1 -- 안녕하세요 세계

select 1 -- Işık, ığdır, İstanbul, şeker, çağ

select 1 — all

select 1 -- Příliš žluťoučký kůň

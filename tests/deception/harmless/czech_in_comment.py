# Příliš žluťoučký kůň
x = 1

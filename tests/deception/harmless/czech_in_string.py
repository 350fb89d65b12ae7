print("Příliš žluťoučký kůň")

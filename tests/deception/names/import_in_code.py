import оs

# ação, não, nº 5
x = 1

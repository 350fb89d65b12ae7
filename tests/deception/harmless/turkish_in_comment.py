# Işık, ığdır, İstanbul, şeker, çağ
x = 1

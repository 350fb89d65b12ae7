print("Işık, ığdır, İstanbul, şeker, çağ")

if　True: pass

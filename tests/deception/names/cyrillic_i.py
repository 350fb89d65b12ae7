lіst = []

lօg()

pɑy()

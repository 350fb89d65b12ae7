pαy()

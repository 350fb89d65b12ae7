# Það er gott veður
x = 1

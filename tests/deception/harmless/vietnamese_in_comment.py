# Tiếng Việt rất đẹp
x = 1

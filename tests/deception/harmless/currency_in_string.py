print("€ £ ¥ ₹ ₺ ₿")

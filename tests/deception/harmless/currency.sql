select 1 -- € £ ¥ ₹ ₺ ₿

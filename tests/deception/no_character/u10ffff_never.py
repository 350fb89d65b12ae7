x = "a􏿿b"

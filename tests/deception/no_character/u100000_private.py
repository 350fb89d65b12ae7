x = "a􀀀b"

url = "https://exаmple.com/x"

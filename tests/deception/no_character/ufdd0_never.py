x = "a﷐b"

x = "a﷯b"

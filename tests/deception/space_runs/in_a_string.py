x = "a                                                                                          b"

x = 1                                                                                # why

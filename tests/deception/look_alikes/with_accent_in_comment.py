x = 1  # the café_а here

is­_admin = True

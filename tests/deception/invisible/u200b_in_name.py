is​_admin = True

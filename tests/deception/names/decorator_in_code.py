@сache
def f(): pass

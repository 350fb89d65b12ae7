# vim: set fileencoding=utf-16 :

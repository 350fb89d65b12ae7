# encoding: iso-8859-15

ﬁnd = 1

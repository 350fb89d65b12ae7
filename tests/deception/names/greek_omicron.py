lοgin = 1

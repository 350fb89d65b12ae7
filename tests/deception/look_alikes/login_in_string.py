x = "lοgin"

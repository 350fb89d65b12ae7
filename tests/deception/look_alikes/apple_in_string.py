x = "аpple"

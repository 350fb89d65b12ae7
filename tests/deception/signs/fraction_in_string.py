x = "a.com⁄evil"

# Prints the targets that say something about themselves behind "##".
BEGIN { FS = ":.*## "; print "make …" }
/^[a-z-]+:.*## / { printf "  %-14s %s\n", $1, $2 }

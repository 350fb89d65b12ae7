x = "" + usеr

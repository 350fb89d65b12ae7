select "a""b", usеr

select '--', usеr

select '\', usеr

xf"{a}"; usеr

select [usеr

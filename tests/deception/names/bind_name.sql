select :usеr

x = rf"\{usеr}"

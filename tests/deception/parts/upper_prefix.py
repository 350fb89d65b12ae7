x = F"{usеr}"

select [a]usеr]

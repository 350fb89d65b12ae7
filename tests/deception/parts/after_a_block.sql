select /* ' */ usеr

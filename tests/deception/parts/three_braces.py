x = f"{{{usеr}}}"

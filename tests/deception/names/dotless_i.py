fıle = 1

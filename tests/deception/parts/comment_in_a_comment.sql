select /* /* */ usеr */

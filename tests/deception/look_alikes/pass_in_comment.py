x = 1  # the рass here

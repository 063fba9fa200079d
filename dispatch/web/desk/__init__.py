"""调度台: what waits for the district's decision, what it watches, and messages that could not be handled."""

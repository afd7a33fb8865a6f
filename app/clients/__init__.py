"""The outside world: one module per source we read."""

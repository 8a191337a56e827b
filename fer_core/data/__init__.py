"""Datasets: a source that is never changed, immutable versions, a journal of decisions, pixels in one array."""

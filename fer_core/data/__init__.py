"""Datasets: a source that is never changed, immutable versions, a journal, pixels in one array."""

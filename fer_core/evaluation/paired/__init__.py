"""Which runs can be held against each other as an experiment."""

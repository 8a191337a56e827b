"""Training runs: their files, their true state, starting and stopping them. Never imports Keras."""

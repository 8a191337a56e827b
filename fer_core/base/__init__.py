"""What every room may use: errors, emotion names, the workspace, whole files or none, locks, JSON lines."""

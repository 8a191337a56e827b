"""What every room may use: errors, emotion names, the workspace, atomic files, locks, JSON lines."""

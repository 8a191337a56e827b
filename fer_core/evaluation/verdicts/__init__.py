"""What is said of a run in words: what the verdicts mean, and what came beside what was expected."""

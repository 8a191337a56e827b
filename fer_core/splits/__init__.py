"""Train, validation and test: made so that no picture is in two splits, and proved."""

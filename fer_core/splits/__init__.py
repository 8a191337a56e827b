"""Train, validation and test: made so that no picture is on two sides, and proved."""

"""Decisions people made about images: recorded, undone, applied, carried to another copy of the data."""

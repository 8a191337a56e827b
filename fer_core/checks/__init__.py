"""Quality of single pictures: dark, bright, blurry, blank, of an odd size or shape.

`measure` takes the numbers, `store` keeps them with the dataset, `checks` turns them into scores and flags.
"""

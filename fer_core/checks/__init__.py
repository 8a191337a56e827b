"""Quality of single pictures: dark, bright, blurry, blank, without a face, of an odd size or shape.

`measure` takes the numbers, `face` looks for a face where hardly any would be, `store` keeps
them with the dataset, `checks` turns them into scores and flags.
"""

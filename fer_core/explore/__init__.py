"""What is known about the images of a version, to count, filter and draw.

`facts` gathers it, `filter` selects, `embedding` lays faces out on a map, `neighbours` finds similar ones.
"""

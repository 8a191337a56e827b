"""From a source to the first version of a dataset.

`preview` looks into the source, `scan` decodes its images, `class_mapping` and `votes` read labels, `refresh`
compares a dataset with its source again.
"""

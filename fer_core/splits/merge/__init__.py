"""Images of another dataset added where classes are short.

`screening` says which may be added, `fill` how many, `spread` where they go; `plan` chooses, `save` saves; `propose` does it all.
"""

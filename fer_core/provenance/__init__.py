"""Where a dataset comes from.

`provenance` compares it with the public sets of `known_sets`, by class counts and by `fingerprints` of pictures.
"""

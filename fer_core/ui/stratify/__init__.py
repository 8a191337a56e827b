"""The Stratify page: splits, certificates and merging.

`split_form` and `split_result` make a split, `remove_leaks` repairs one, `certificate_card` proves it,
`merge_form` adds another dataset.
"""

"""The Duplicates page.

`threshold` chooses what counts as a copy, `group_review` settles groups one by one, `bulk_rules` many at once,
`leakage` shows those that cross splits.
"""

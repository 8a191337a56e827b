"""The Versions page.

`version_tree` and `version_list` show the versions, `detail` one of them, `version_diff` what changed;
`provenance` and `source` say where images come from.
"""

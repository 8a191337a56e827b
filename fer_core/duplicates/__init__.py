"""Copies: equal, near, mirrored and turned pictures.

`search` looks for them, `scan` and `scan_store` compare and keep, `groups` makes groups to settle, `leakage` says
which cross splits.
"""

"""The drawn dataset that comes with the app, with planted faults.

`make` draws it, `truth` says what was planted, `files` writes its files.
"""

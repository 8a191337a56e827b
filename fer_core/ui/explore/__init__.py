"""The Explore page.

`state` is read once per draw; `overview`, `checks`, `embedding_map` and `faces` are its cards; `face_detail` shows
one image.
"""

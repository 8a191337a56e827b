"""Drawn faces.

`face` draws one; `person` and `expression` choose who it is and what it feels; `pen` has the strokes.
"""

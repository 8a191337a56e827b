"""Face detectors.

`boxes` has the interface, `detectors` lists what can be used here; `blazeface` (with `networks`), `haar`, `yunet` and `mtcnn` are
the detectors.
"""

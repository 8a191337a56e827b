"""Processes that import TensorFlow, started by `jobs` and `scheduling`.

`train` trains a run, `train_folds` folds, `measure` a few steps, `convert` writes other formats.
"""

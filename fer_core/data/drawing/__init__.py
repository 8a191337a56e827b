"""Drawn gray portraits with an emotion, from a seed: the faces of the built-in sample."""

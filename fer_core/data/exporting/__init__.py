"""Versions written out for other programs.

`export` checks and writes; `formats` has one writer for each format.
"""

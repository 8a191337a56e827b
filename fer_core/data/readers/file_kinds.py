"""What a file of a source is that is no picture, by its name: the reason that stands beside it.

>>> what_it_is("a/set.zip.001"), what_it_is("a/notes.txt")
('A part of a split archive: join its parts first', 'A text')
"""

from __future__ import annotations

import re

_INSIDE = "An archive beside pictures: import it by itself, or unpack it"
_KINDS: tuple[tuple[str, str], ...] = (
    (r"\.(zip|7z|tar|tgz|gz|rar)\.\d{3}$|\.z\d\d$|\.part\d+\.rar$", "A part of a split archive: join its parts first"),
    (r"\.(7z|rar)$", "An archive of a kind that is not read: pack it as zip or tar"),
    (r"\.(zip|tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz))$", _INSIDE),
    (r"\.(pkl|pickle|p)$", "A pickle, which can run code and is never opened: save its arrays with numpy.savez"),
    (r"\.npy$", "An array without its classes: they are called X_train.npy and y_train.npy, side by side"),
    (r"\.mat$", "An array file of a kind that is not read: save its arrays with numpy.savez"),
    (r"\.(csv|tsv|csv\.gz|csv\.bz2|jsonl|lst|list)$", "A table that neither holds pictures nor names those that are here"),
    (r"\.(xlsx?|ods)$", "A spreadsheet: save it as CSV"),
    (r"\.(json|xml|ya?ml|toml)$", "Annotations or settings"),
    (r"\.(avi|mp4|mov|mkv|wmv|mpe?g|webm)$", "A video: pictures are read, not films"),
    (r"\.(txt|md|rst|pdf|docx?|rtf|html?|bib)$|(^|/)(readme|licen[cs]e)[^/.]*$", "A text"),
)  # fmt: skip
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), words) for pattern, words in _KINDS)


def what_it_is(path: str) -> str:
    """What a file is by its name; "" for one whose name says nothing."""
    return next((words for pattern, words in _PATTERNS if pattern.search(path)), "")


def no_archive(name: str) -> str:
    """What to do about a file that was given as an archive and cannot be read as one, by its name."""
    what = what_it_is(name)
    return what if what and what != _INSIDE else "Give a folder, a zip or a tar"

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


_CONTENTS: tuple[tuple[bytes, str], ...] = (
    (rb"PAR1", "It holds Parquet: end its name in .parquet"),
    (rb"\x89HDF\r\n", "It holds HDF5: end its name in .h5"),
    (rb"\x93NUMPY", "It holds one array without classes: X_train.npy and y_train.npy belong side by side in a folder"),
    (rb"\x80[\x02-\x05]", "It holds a pickle, which can run code and is never opened: save its arrays with numpy.savez"),
    (rb"PK\x03\x04", "It holds a zip: end its name in .zip, or save a spreadsheet as CSV"),
    (rb"\x1f\x8b", "It is packed with gzip: end its name in .csv.gz or .tar.gz, as it is"),
    (rb"\xff\xd8\xff|\x89PNG|GIF8|BM|II\*\0|MM\0\*", "It is one picture: import the folder in which it lies"),
)  # fmt: skip
_TEXT_TABLE = re.compile(rb"[^\0\n]*[^\0\n,;\t][,;\t][^\0\n]*\n")
_LIST = "It is a table of text: one of pictures has a column pixels, a list of labels goes with its pictures, as --labels FILE"


def what_it_holds(head: bytes) -> str:
    """What a file that is no text is by its first bytes, and what to do with it; "" where they do not say."""
    return next((words for pattern, words in _CONTENTS if re.match(pattern, head)), "")


def archive_hint(name: str, head: bytes = b"") -> str:
    """What to do about a file that was given as an archive and cannot be read as one, by its first bytes and its name."""
    what = what_it_is(name)
    if found := what_it_holds(head) or (_LIST if _TEXT_TABLE.match(head) else ""):
        return found
    return what if what and what != _INSIDE else "Give a folder, a zip or a tar"

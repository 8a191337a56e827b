"""WebDataset: tar shards in which the files of one sample share their name up to the first dot.

`train-000000.tar` holds `000012.jpg` with `000012.cls` (a number or word as text), or with `000012.json` that has a key such as
`label`. Source: https://github.com/webdataset/webdataset, "The WebDataset Format".
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from fer_core.base.errors import FerError
from fer_core.data.readers.base import Entry
from fer_core.data.readers.boxes import split_of
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled
from fer_core.data.readers.label_columns import LABELS

_MOST_BYTES = 1 << 20  # of what is said of one sample
_MOST = 0.9  # of the pictures that have their class beside them
_KEYS = ("cls", *LABELS)


def _key(path: str) -> str:
    """The sample a file belongs to: its folder, and its name up to the first dot."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _said(listing: Listing) -> dict[str, str]:
    """Sample -> the file that holds its class; `.cls` before `.json`."""
    found = {_key(entry.path): entry.path for entry, _ in listing.matching(r"\.json$")}
    return found | {_key(entry.path): entry.path for entry, _ in listing.matching(r"\.cls$")}


def _class(listing: Listing, path: str) -> str | None:
    """The class in a file; None where there is none."""
    try:
        text = listing.read(path)[:_MOST_BYTES].decode("utf-8", "replace").strip()
        if path.endswith(".cls"):
            return text or None
        found = json.loads(text)
    except (FerError, ValueError, RecursionError):
        return None
    values = (found.get(key) for key in _KEYS) if isinstance(found, dict) else ()
    return next(
        (str(v).strip() for v in values if isinstance(v, str | int) and not isinstance(v, bool)), None
    )


def _recognised(listing: Listing) -> bool:
    said = _said(listing)
    beside = [path for entry in listing.images if (path := said.get(_key(entry.path)))]
    if not beside or len(beside) < _MOST * len(listing.images):
        return False
    return _class(listing, beside[0]) is not None


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    said = _said(listing)
    used: set[str] = set()
    entries: list[Entry] = []
    for entry in listing.images:
        path = said.get(_key(entry.path))
        used |= {path} if path else set()
        found = _class(listing, path) if path else None
        entries.append(labelled(entry, found, split=split_of(entry.path)))
    rest = [e for e in listing.others if e.path not in used]
    return Delivered(
        entries, rest, "the class of each picture by the file beside it, splits by shard or folder"
    )


DELIVERY = Delivery(
    "webdataset", "WebDataset", "https://github.com/webdataset/webdataset", _recognised, _read
)

"""WebDataset: tar shards in which the files of one sample share their name up to the first dot.

`train-000000.tar` holds `000012.jpg` with `000012.cls` (a number or word as text), or with `000012.json` that has a key such as
`label`; one such file in a sample. Source: https://github.com/webdataset/webdataset, "The WebDataset Format".
"""

from __future__ import annotations

from collections.abc import Mapping

from fer_core.base.atomic import parse_json
from fer_core.base.emotions import is_emotion
from fer_core.base.errors import FerError
from fer_core.data.readers.base import Entry
from fer_core.data.readers.boxes import split_of
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled
from fer_core.data.readers.label_columns import LABELS
from fer_core.data.readers.layout import with_folder_names

_MOST_BYTES = 1 << 20  # of what is said of one sample
_MOST = 0.9  # of the pictures that have their class beside them
_SAMPLE = 20  # files of which one has to hold a class
_KEYS = ("cls", *LABELS)


def _key(path: str) -> str:
    """The sample a file belongs to: its folder, and its name up to the first dot."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _said(listing: Listing) -> dict[str, str]:
    """Sample -> the file that holds its class, `.cls` before `.json`; {} where a sample has two of a kind: no WebDataset."""
    found: dict[str, str] = {}
    for pattern in (r"\.json$", r"\.cls$"):
        paths = [entry.path for entry, _ in listing.matching(pattern)]
        own = {_key(path): path for path in paths}
        if len(own) < len(paths):
            return {}
        found |= own
    return found


def _class(listing: Listing, path: str) -> str | None:
    """The class in a file; None where there is none."""
    try:
        text = listing.read(path)[:_MOST_BYTES].decode("utf-8", "replace").strip()
        if path.endswith(".cls"):
            return text or None
        found = parse_json(text)
    except (FerError, ValueError):
        return None
    values = (found.get(key) for key in _KEYS) if isinstance(found, dict) else ()
    texts = (str(v).strip() for v in values if isinstance(v, str | int) and not isinstance(v, bool))
    return next(filter(None, texts), None)


def _recognised(listing: Listing) -> bool:
    said = _said(listing)
    beside = [path for entry in listing.images if (path := said.get(_key(entry.path)))]
    if not beside or len(beside) < _MOST * len(listing.images):
        return False
    if any(entry.found and is_emotion(entry.found) for entry in with_folder_names(listing.images)):
        return False  # the folders say it
    return any(_class(listing, path) is not None for path in beside[:_SAMPLE])


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

"""A folder that lies in its own copy, as some sets on Kaggle were packed: every file is there twice.

"Face expression recognition dataset" has `images/train/angry/0.jpg` and once more `images/images/train/angry/0.jpg`. Source: the
files that https://www.kaggle.com/datasets/jonathanoheix/face-expression-recognition-dataset lists. A file counts as the
same where its name below the two folders and its size are, and of up to 20 the bytes; the inner copy is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fer_core.base.errors import FerError
from fer_core.data.readers.delivery import Delivered, Delivery, Listing
from fer_core.data.readers.layout import with_folder_names

_COMPARED = 20  # pairs of files whose bytes are read


def _same(listing: Listing, pairs: list[tuple[str, str]]) -> bool:
    """Whether both files of each pair hold the same, by an even sample of them; one that cannot be read does not."""
    sample = pairs[:: -(-len(pairs) // _COMPARED)]
    wanted = {path for pair in sample for path in pair}
    try:  # in the order of the listing, in which a packed tar is read once
        data = {entry.path: listing.read(entry.path) for entry in listing.images if entry.path in wanted}
    except FerError:
        return False
    return all(data[first] == data[second] for first, second in sample)


def _twice(listing: Listing) -> Iterator[tuple[str, str]]:
    """(Folder, folder of the same name in it) of which each picture in the inner one is in the outer one too."""
    folders = {entry.path.rpartition("/")[0] for entry in listing.images}
    inner = {
        tuple(parts[: i + 1])
        for parts in (folder.split("/") for folder in folders)
        for i in range(1, len(parts))
        if parts[i] == parts[i - 1]
    }
    if not inner:
        return
    size = {entry.path: entry.stamp.partition("-")[0] for entry in listing.images}
    for parts in sorted(inner):
        outer, copy = "/".join(parts[:-1]) + "/", "/".join(parts) + "/"
        pairs = [(path, outer + path[len(copy) :]) for path in size if path.startswith(copy)]
        same = pairs and all(size.get(there) == size[path] for path, there in pairs)
        if same and _same(listing, pairs):
            yield outer, copy


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    copies = tuple(copy for _, copy in _twice(listing))
    kept = [entry for entry in listing.images if not entry.path.startswith(copies)]
    rest = [entry for entry in listing.others if not entry.path.startswith(copies)]
    again = len(listing.images) - len(kept)
    note = f"the same {again:,} files once more, left out: {', '.join(copies)}"
    return Delivered(
        with_folder_names(kept), rest, "classes and splits by folder, each file once", notes=[note]
    )


DELIVERY = Delivery(
    "doubled",
    "a folder in its own copy",
    "https://www.kaggle.com/datasets/jonathanoheix/face-expression-recognition-dataset",
    lambda listing: any(True for _ in _twice(listing)),
    _read,
)

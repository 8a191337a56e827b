"""`X_train.npy` and `y_train.npy` beside each other in a folder or archive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from fer_core.data.readers.array_stores import NpyStore
from fer_core.data.readers.arrays import ArrayTable, paired
from fer_core.data.readers.base import Container

_ENDING = ".npy"


def pairs_of(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Pictures -> their classes and, where there is one, `classes.npy`, of the files of a source.

    >>> pairs_of(["a/X_train.npy", "a/y_train.npy", "a/X_test.npy"])
    {'a/X_train.npy': ('a/y_train.npy',)}
    """
    folders: dict[str, dict[str, str]] = defaultdict(dict)
    for path in paths:
        if path.lower().endswith(_ENDING):
            folder, slash, name = path.rpartition("/")
            folders[folder + slash][name[: -len(_ENDING)]] = path
    found: dict[str, tuple[str, ...]] = {}
    for files in folders.values():
        names = (files["classes"],) if "classes" in files else ()
        found |= {files[x]: (files[y], *names) for x, y, _ in paired(files) if y}
    return found


def open_pair(container: Container, pictures: str, others: tuple[str, ...]) -> ArrayTable:
    """The table of such files. Raises SourceError."""
    files = {path.rpartition("/")[2][: -len(_ENDING)]: path for path in (pictures, *others)}
    store = NpyStore(lambda key: container.open(files[key]), files, pictures)
    return ArrayTable(store, pictures)

"""Scans kept with a dataset: every version, and every threshold, is answered from one file per kind of copy.

pairs = scanned(dataset, version.id, distance=10, kinds=("near", "mirrored"))    # makes or extends what is kept
find_copies(dataset.manifest(version.id), pairs, distance=4)
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.data.records import readable
from fer_core.errors import FerError
from fer_core.quality.hash_kinds import HASHES, hashes
from fer_core.quality.scan import KINDS, Pictures, Scan, extended
from fer_core.quality.similarity import is_flat
from fer_core.workspace import write_atomic

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs import ProgressFn

MAX_DISTANCE = 16
_METHOD = "1"
"""Counts up when the way pairs are found changes, so that kept scans are made anew."""
PAIR_COLUMNS: dict[str, str] = {
    "first": "str", "second": "str", "kind": "str", "distance": "int64", "correlation": "float32"
}  # fmt: skip


def pictures_of(manifest: pd.DataFrame, pixels: NDArray[np.uint8], hash: str = "phash") -> Pictures:
    """The different pictures of a manifest that show something; one even gray resembles anything.

    Args:
        manifest: rows to look at.
        pixels: uint8 (rows, size, size) gray, indexed by the manifest's `row`.
        hash: what `Pictures.plain` is to hold.
    """
    table = readable(manifest).drop_duplicates("pixel_hash").sort_values("pixel_hash")
    rows = table["row"].to_numpy(np.int64)
    shown = np.ascontiguousarray(pixels[rows]) if len(rows) else np.zeros((0, 48, 48), np.uint8)
    clear = ~is_flat(shown)
    names = table["pixel_hash"].to_numpy(dtype=object)[clear].astype("S")
    plain = (
        table["phash"].to_numpy(np.uint64)[clear]
        if hash == "phash"
        else np.zeros(int(clear.sum()), np.uint64)
    )
    return Pictures(names, rows[clear], plain, shown[clear])


def compare(
    manifest: pd.DataFrame,
    pixels: NDArray[np.uint8],
    distance: int = 4,
    kinds: Iterable[str] = ("near",),
    hash: str = "phash",
    progress: ProgressFn | None = None,
) -> pd.DataFrame:
    """Compared pairs of a manifest without keeping them; columns as `scanned`."""
    check(distance, hash)
    pictures = with_plain(pictures_of(manifest, pixels, hash), hash)
    return pair_table({kind: extended(None, pictures, distance, kind, hash, progress) for kind in kinds})


def scanned(
    dataset: Dataset,
    version: str,
    distance: int = 10,
    kinds: Iterable[str] = ("near", "mirrored"),
    hash: str = "phash",
    progress: ProgressFn | None = None,
) -> pd.DataFrame:
    """Every compared pair of a version's pictures, confirmed or not, from what is kept and what is new.

    Args:
        version: id.
        distance: bits, 0..16.
        kinds: of `scan.KINDS`.
        hash: of `hash_kinds.HASHES`.
        progress: told (done, total, what).

    Returns:
        first, second (pixel hashes, `first` < `second`), kind, distance (int64, up to what was ever scanned) and
        correlation (float32).

    Raises:
        FerError: a distance, kind or hash that is none.
    """
    check(distance, hash)
    kinds = tuple(kinds)
    pictures = pictures_of(dataset.manifest(version), dataset.pixels(), hash)
    known: dict[str, Scan] = {}
    for kind in kinds:
        scan = load(dataset, kind, hash)
        if scan is None or not covers(scan, pictures, distance):
            everything = with_plain(_union(scan, pictures, dataset.pixels()), hash)
            scan = extended(scan, everything, distance, kind, hash, progress)
            _save(dataset, kind, hash, scan)
        known[kind] = _within(scan, pictures)
    return pair_table(known)


def kept(
    dataset: Dataset,
    version: str,
    distance: int = 10,
    kinds: Iterable[str] = ("near", "mirrored"),
    hash: str = "phash",
) -> pd.DataFrame | None:
    """As `scanned` where nothing has to be compared for it; else None."""
    pictures = pictures_of(dataset.manifest(version), dataset.pixels(), hash)
    known = {}
    for kind in kinds:
        scan = load(dataset, kind, hash)
        if scan is None or not covers(scan, pictures, distance):
            return None
        known[kind] = _within(scan, pictures)
    return pair_table(known)


def check(distance: int, hash: str) -> None:
    """Refuse what cannot be scanned."""
    if not 0 <= distance <= MAX_DISTANCE:
        hint = "4 is a good start"
        raise FerError(f"distance must be 0 to {MAX_DISTANCE} bits", received=distance, hint=hint)
    if hash not in HASHES:
        raise FerError("The hash must be one of " + ", ".join(HASHES), received=hash)


def with_plain(pictures: Pictures, hash: str) -> Pictures:
    """Pictures whose plain hash is that of the 48x48 picture, where it is not the manifest's pHash."""
    if hash == "phash":
        return pictures
    return Pictures(pictures.names, pictures.rows, hashes(pictures.pixels, hash), pictures.pixels)


def covers(scan: Scan, pictures: Pictures, distance: int) -> bool:
    """Whether all these pictures were compared up to this distance."""
    return scan.distance >= distance and bool(np.isin(pictures.names, scan.names).all())


def _union(scan: Scan | None, pictures: Pictures, pixels: NDArray[np.uint8]) -> Pictures:
    """The pictures of a version and those known from others."""
    if scan is None:
        return pictures
    more = ~np.isin(scan.names, pictures.names)
    rows = scan.rows[more]
    names = np.concatenate([pictures.names, scan.names[more]])
    order = np.argsort(names)
    return Pictures(
        names[order],
        np.append(pictures.rows, rows)[order],
        np.append(pictures.plain, scan.hashes[0][more])[order],
        np.concatenate([pictures.pixels, np.asarray(pixels[rows])])[order],
    )


def _within(scan: Scan, pictures: Pictures) -> Scan:
    """The pairs of a scan whose pictures are both among these."""
    here = np.isin(scan.names, pictures.names)
    both = here[scan.first] & here[scan.second]
    return Scan(
        scan.distance, scan.names, scan.rows, scan.hashes,
        scan.first[both], scan.second[both], scan.bits[both], scan.correlation[both],
    )  # fmt: skip


def pair_table(scans: dict[str, Scan]) -> pd.DataFrame:
    """The pairs of scans by kind, as `scanned` gives them."""
    parts = []
    for kind, scan in scans.items():
        names = scan.names.astype("U").astype(object)
        pairs = {"first": names[scan.first], "second": names[scan.second], "kind": kind}
        parts.append(pd.DataFrame(pairs | {"distance": scan.bits, "correlation": scan.correlation}))
    empty = pd.DataFrame({name: [] for name in PAIR_COLUMNS})
    return pd.concat([empty, *parts], ignore_index=True)[list(PAIR_COLUMNS)].astype(PAIR_COLUMNS)


_ARRAYS = ("names", "rows", "hashes", "first", "second", "bits", "correlation")


def scan_file(dataset: Dataset, kind: str, hash: str = "phash") -> Path:
    """Where the scan of one kind of copy is kept."""
    return dataset.quality_dir / f"copies-{_METHOD}-{hash}-{kind}.npz"


def _save(dataset: Dataset, kind: str, hash: str, scan: Scan) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, distance=scan.distance, **{name: getattr(scan, name) for name in _ARRAYS})
    write_atomic(scan_file(dataset, kind, hash), buffer.getvalue())


def load(dataset: Dataset, kind: str, hash: str = "phash") -> Scan | None:
    """The scan kept with a dataset; None where there is none or its file is damaged."""
    if kind not in KINDS:
        raise FerError("The kind of copy must be one of " + ", ".join(KINDS), received=kind)
    try:
        stamp = scan_file(dataset, kind, hash).stat()
        return _load(scan_file(dataset, kind, hash), stamp.st_mtime_ns, stamp.st_size)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


@lru_cache(maxsize=6)
def _load(path: Path, changed: int, size: int) -> Scan:
    with np.load(path) as found:
        return Scan(int(found["distance"]), *(found[name] for name in _ARRAYS))

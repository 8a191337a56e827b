"""Scans kept with a dataset: every version, and every reach, is answered from one file per kind of copy.

pairs = compared_pairs(dataset, version.id, kinds=("near", "mirrored"))    # makes or extends what is kept
find_copies(dataset.manifest(version.id), pairs, distance=4)
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.atomic import skip_if_unwritable
from fer_core.base.checksums import checked_file
from fer_core.base.errors import FerError
from fer_core.base.locks import locked
from fer_core.data.manifest import readable
from fer_core.duplicates.correlation import is_flat
from fer_core.duplicates.hash_kinds import HASHES
from fer_core.duplicates.reach import ALL_PAIRS, DISTANCE, MAX_DISTANCE
from fer_core.duplicates.scan import KINDS, DistinctPictures, Scan, extend_scan, hash_distances

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

METHOD = "4"
"""Counts up when the way pairs are found changes, so that kept scans are made anew."""
_BLOCK = 256  # pictures whose flatness is asked for at once
PAIR_COLUMNS: dict[str, str] = {
    "first": "str", "second": "str", "kind": "str", "distance": "int64", "correlation": "float32", "framed": "bool"
}  # fmt: skip


def pictures_of(manifest: pd.DataFrame, pixels: NDArray[np.uint8]) -> DistinctPictures:
    """The different pictures of a manifest that show something; one even gray resembles anything.

    Args:
        manifest: rows to look at.
        pixels: uint8 (rows, size, size) gray, indexed by the manifest's `row`.
    """
    table = readable(manifest).drop_duplicates("pixel_hash").sort_values("pixel_hash")
    rows = table["row"].to_numpy(np.int64)
    shown = np.ascontiguousarray(pixels[rows]) if len(rows) else np.zeros((0, 48, 48), np.uint8)
    clear = ~is_flat(shown)
    names = table["pixel_hash"].to_numpy(dtype=object)[clear].astype("S")
    return DistinctPictures(names, rows[clear], table["phash"].to_numpy(np.uint64)[clear], shown[clear])


def compare(
    manifest: pd.DataFrame,
    pixels: NDArray[np.uint8],
    distance: int = DISTANCE,
    kinds: Iterable[str] = ("near",),
    hash: str = "phash",
    progress: ProgressFn | None = None,
    known: Mapping[str, Scan | None] | None = None,
) -> pd.DataFrame:
    """Compared pairs of a manifest without keeping them; columns as `compared_pairs`.

    Args:
        known: scans by kind; pictures in them are not compared with each other again.
    """
    check_arguments(distance, hash)
    pictures = pictures_of(manifest, pixels)
    scans = {kind: extend_scan((known or {}).get(kind), pictures, kind, progress) for kind in kinds}
    return pair_table({kind: _hashed(scan, pictures, kind, hash) for kind, scan in scans.items()}, distance)


def compared_pairs(
    dataset: Dataset,
    version: str,
    distance: int = DISTANCE,
    kinds: Iterable[str] = ("near", "mirrored"),
    hash: str = "phash",
    progress: ProgressFn | None = None,
) -> pd.DataFrame:
    """Every pair of a version's pictures that is a copy or nearly one, from what is kept and what is new.

    Whoever asks first compares, and keeps it for all others; a comparison that was ended by force is gone on with.

    Args:
        version: id.
        distance: bits between their hashes, 0..24.
        kinds: of `scan.KINDS`.
        hash: of `hash_kinds.HASHES`.
        progress: told (done, total, what).

    Returns:
        first, second (pixel hashes, `first` < `second`), kind, distance (int64), correlation (float32, at least
        `scan.KEPT`) and framed (bool, whether the two show the photo in different frames).

    Raises:
        FerError: a distance, kind or hash that is none.
    """
    check_arguments(distance, hash)
    pictures = pictures_of(dataset.manifest(version), dataset.pixels())
    found: dict[str, Scan] = {}
    for kind in kinds:
        scan = full_scan(dataset, pictures, kind, progress)
        found[kind] = _hashed(_within(scan, pictures.names), pictures, kind, hash)
    return pair_table(found, distance)


def full_scan(dataset: Dataset, pictures: DistinctPictures, kind: str, progress: ProgressFn | None) -> Scan:
    """The kept scan with these pictures of the dataset in it; one process at a time compares, the others wait for it."""
    scan = load_scan(dataset, kind)
    if scan is not None and covers(scan, pictures):
        return scan
    with locked(dataset.quality_dir / f".copies-{kind}.lock"):
        scan = load_scan(dataset, kind)
        if scan is None or not covers(scan, pictures):
            everything = union(scan, pictures, dataset.pixels())
            # What was added from another dataset was compared before it was: see `kept_across`.
            files = dataset.quality_dir.glob(f"across-{METHOD}-{kind}-*.npz")
            wider = (found for file in files if (found := read_scan(file)) and covers(found, everything))
            keep = partial(_save, dataset, kind)
            scan = extend_scan(next(wider, scan), everything, kind, progress, keep)
            keep(scan)
        return scan


def stored_pairs(
    dataset: Dataset, version: str, distance: int = DISTANCE, kinds: Iterable[str] = ("near", "mirrored")
) -> pd.DataFrame | None:
    """As `compared_pairs` where nothing has to be compared for it; else None."""
    check_arguments(distance)
    scans = {kind: load_scan(dataset, kind) for kind in kinds}
    kept = {kind: scan for kind, scan in scans.items() if scan is not None}
    if len(kept) < len(scans):
        return None
    table = readable(dataset.manifest(version)).drop_duplicates("pixel_hash")
    names, rows = table["pixel_hash"].to_numpy(dtype=object).astype("S"), table["row"].to_numpy(np.int64)
    found = {}
    for kind, scan in kept.items():
        if any_shows(dataset.pixels(), rows[~np.isin(names, scan.names)]):
            return None
        found[kind] = _within(scan, names)
    return pair_table(found, distance)


def any_shows(pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> bool:
    """Whether one of some pictures shows something, so that it would have to be compared; asks no more than it has to."""
    blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    return any(not is_flat(np.ascontiguousarray(pixels[block])).all() for block in blocks)


def all_stored_pairs(dataset: Dataset) -> pd.DataFrame:
    """The compared pairs of all versions together, columns as `compared_pairs`; none where nobody compared."""
    return pair_table({kind: scan for kind in ("near", "mirrored") if (scan := load_scan(dataset, kind))})


def stored_reach(dataset: Dataset, kinds: Iterable[str]) -> int:
    """Bits up to which hashes proposed the pairs that are kept; `reach.EVERY` where all were compared, or none yet."""
    return min((scan.reach for kind in kinds if (scan := load_scan(dataset, kind))), default=ALL_PAIRS)


def check_arguments(distance: int, hash: str = "phash") -> None:
    """Refuse what cannot be scanned."""
    if not 0 <= distance <= MAX_DISTANCE:
        hint = f"{DISTANCE} leaves out none of the pairs that were compared"
        raise FerError(f"distance must be 0 to {MAX_DISTANCE} bits", received=distance, hint=hint)
    if hash not in HASHES:
        raise FerError("The hash must be one of " + ", ".join(HASHES), received=hash)


def covers(scan: Scan, pictures: DistinctPictures) -> bool:
    """Whether all these pictures were compared with each other."""
    return bool(np.isin(pictures.names, scan.names).all())


def union(scan: Scan | None, pictures: DistinctPictures, pixels: NDArray[np.uint8]) -> DistinctPictures:
    """The pictures of a version and those known from others."""
    if scan is None:
        return pictures
    more = ~np.isin(scan.names, pictures.names)
    rows = scan.rows[more]
    names = np.concatenate([pictures.names, scan.names[more]])
    order = np.argsort(names)
    return DistinctPictures(
        names[order],
        np.append(pictures.rows, rows)[order],
        np.append(pictures.plain, scan.plain[more])[order],
        np.concatenate([pictures.pixels, np.asarray(pixels[rows])])[order],
    )


def _within(scan: Scan, names: NDArray[np.bytes_]) -> Scan:
    """The pairs of a scan whose pictures are both among these."""
    here = np.isin(scan.names, names)
    both = here[scan.first] & here[scan.second]
    return replace(
        scan,
        first=scan.first[both],
        second=scan.second[both],
        bits=scan.bits[both],
        correlation=scan.correlation[both],
        framed=scan.framed[both],
    )


def _hashed(scan: Scan, pictures: DistinctPictures, kind: str, hash: str) -> Scan:
    """A scan of some of these pictures with the distances of another hash than pHash; pairs in different frames keep theirs."""
    if hash == "phash" or not len(scan.first):
        return scan
    place = np.searchsorted(pictures.names, scan.names).clip(max=len(pictures.names) - 1)
    apart = hash_distances(pictures, place[scan.first], place[scan.second], kind, hash)
    return replace(scan, bits=np.where(scan.framed, scan.bits, apart).astype(np.uint8))


def pair_table(scans: dict[str, Scan], distance: int = MAX_DISTANCE) -> pd.DataFrame:
    """The pairs of scans by kind up to a distance, as `compared_pairs` gives them."""
    parts = []
    for kind, scan in scans.items():
        names = scan.names.astype("U").astype(object)
        near = scan.bits <= distance
        pairs = {"first": names[scan.first[near]], "second": names[scan.second[near]], "kind": kind}
        numbers = {
            "distance": scan.bits[near],
            "correlation": scan.correlation[near],
            "framed": scan.framed[near],
        }
        parts.append(pd.DataFrame(pairs | numbers))
    empty = pd.DataFrame({name: [] for name in PAIR_COLUMNS})
    return pd.concat([empty, *parts], ignore_index=True)[list(PAIR_COLUMNS)].astype(PAIR_COLUMNS)


_ARRAYS = ("names", "rows", "plain", "first", "second", "bits", "correlation", "framed")
"""And `reach`, that files without it lack because all pairs were compared."""


def scan_file(dataset: Dataset, kind: str) -> Path:
    """Where the scan of one kind of copy is kept."""
    return dataset.quality_dir / f"copies-{METHOD}-{kind}.npz"


def _save(dataset: Dataset, kind: str, scan: Scan) -> None:
    save_scan(scan_file(dataset, kind), scan)
    for old in dataset.quality_dir.glob(f"copies-[12]-*{kind}.npz"):  # those of methods before
        old.unlink(missing_ok=True)


def save_scan(path: Path, scan: Scan) -> None:
    """Keep a scan, where the disk allows it."""
    with skip_if_unwritable(), checked_file(path) as temporary:
        np.savez(temporary, reach=scan.reach, **{name: getattr(scan, name) for name in _ARRAYS})


def load_scan(dataset: Dataset, kind: str) -> Scan | None:
    """The scan kept with a dataset; None where there is none or its file is damaged."""
    if kind not in KINDS:
        raise FerError("The kind of copy must be one of " + ", ".join(KINDS), received=kind)
    return read_scan(scan_file(dataset, kind))


def read_scan(path: Path) -> Scan | None:
    """The scan in a file; None where there is none or it is damaged."""
    try:
        stamp = path.stat()
        return _load(path, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


@lru_cache(maxsize=8)
def _load(path: Path, changed: int, size: int) -> Scan:
    with np.load(path) as found:
        arrays: dict[str, Any] = {name: found[name] for name in _ARRAYS}
        return Scan(**arrays | {"reach": int(found["reach"]) if "reach" in found else ALL_PAIRS})

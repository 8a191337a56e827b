"""Compared pairs, groups and steps of a version, read or computed once."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.duplicates import groups, near, reach, scan_store
from fer_core.duplicates.exact import DuplicateGroups, find_exact
from fer_core.review import copies
from fer_core.ui.shell import cache

AT_ONCE = 6000
"""Images up to which near copies are looked for while the page loads; more take a job."""
USUAL = ("near", "mirrored")
ROTATED = "dup-rotated"
"""Key of the switch that asks for rotated copies too."""


def kinds() -> tuple[str, ...]:
    """Which copies are looked for on this page, besides equal pixels."""
    return (*USUAL, "rotated") if st.session_state.get(ROTATED) else USUAL


def stamp(dataset: Dataset) -> float:
    """Changes when a scan is made or extended."""
    files = [scan_store.scan_file(dataset, kind) for kind in (*USUAL, "rotated")]
    return sum(file.stat().st_mtime for file in files if file.is_file())


@st.cache_resource(max_entries=6, show_spinner=False)
def _pairs(dataset: Dataset, version: str, stamp: float, wanted: tuple[str, ...]) -> pd.DataFrame | None:
    return scan_store.stored_pairs(dataset, version, kinds=wanted)


def pairs(dataset: Dataset, version: str, wanted: tuple[str, ...] | None = None) -> pd.DataFrame | None:
    """Compared pairs of a version; None where they are not compared yet and are too many to do it now.

    Args:
        wanted: of these kinds; those of `kinds` if not given.
    """
    wanted = wanted or kinds()
    found = _pairs(dataset, version, stamp(dataset), wanted)
    if found is None and len(readable(cache.manifest(dataset, version))) <= AT_ONCE:
        with st.spinner(f"Looking for {', '.join(wanted[:-1])} and {wanted[-1]} copies"):
            scan_store.compared_pairs(dataset, version, kinds=wanted)
        found = _pairs(dataset, version, stamp(dataset), wanted)
    return found


def known_pairs(dataset: Dataset, version: str) -> pd.DataFrame:
    """Compared pairs of `kinds`; no row where none are compared yet."""
    found = _pairs(dataset, version, stamp(dataset), kinds())
    return (
        pd.DataFrame(columns=list(scan_store.PAIR_COLUMNS)).astype(scan_store.PAIR_COLUMNS)
        if found is None
        else found
    )


@st.cache_resource(max_entries=24, show_spinner=False)
def _groups(
    dataset: Dataset,
    version: str,
    stamp: float,
    wanted: tuple[str, ...],
    distance: int,
    apart: tuple[tuple[str, str], ...],
) -> DuplicateGroups:
    known = _pairs(dataset, version, stamp, wanted)
    manifest = cache.manifest(dataset, version)
    if known is None:
        return find_exact(manifest)
    return groups.find_copies(manifest, known, distance, rejected=apart)


def copy_groups(
    dataset: Dataset, version: str, distance: int, decisions: pd.DataFrame | None = None
) -> DuplicateGroups:
    """Groups of all copies up to a distance (equal pixels alone while nothing is compared), without what was rejected.

    Args:
        decisions: those that hold; None for groups without regard to them.
    """
    at = (dataset, version, stamp(dataset), kinds(), distance)
    whole = _groups(*at, ())
    if decisions is None or not (said := copies.rejected_pairs(decisions)):
        return whole
    found = copies.group_members(whole.table, cache.manifest(dataset, version))
    apart = tuple(copies.partly_rejected_pairs(found, decisions))
    return _groups(*at, apart) if said and apart else whole


@st.cache_data(max_entries=6, show_spinner=False)
def _together(dataset: Dataset, version: str, stamp: float, distance: int) -> pd.Series:
    known = _pairs(dataset, version, stamp, USUAL)
    assert known is not None
    kept = groups.confirmed_pairs(known, distance, near.kinds_of(mirrored=True))
    return near.near_groups(
        cache.manifest(dataset, version), dataset.pixels(), distance, mirrored=True, pairs=kept
    )


def together(dataset: Dataset, version: str, distance: int = reach.DISTANCE) -> pd.Series | None:
    """Group ids of near and mirrored copies by image_id, for `stratify`; None where nothing is compared yet."""
    if pairs(dataset, version, USUAL) is None:
        return None
    return _together(dataset, version, stamp(dataset), distance)


@st.cache_data(max_entries=6, show_spinner="Counting what each distance finds")
def _steps(dataset: Dataset, version: str, stamp: float, wanted: tuple[str, ...]) -> pd.DataFrame:
    known = _pairs(dataset, version, stamp, wanted)
    manifest = cache.manifest(dataset, version)
    return groups.copies_by_distance(manifest, known) if known is not None else pd.DataFrame()


def distance_steps(dataset: Dataset, version: str) -> pd.DataFrame:
    """What each distance finds; empty while nothing is compared."""
    return _steps(dataset, version, stamp(dataset), kinds())

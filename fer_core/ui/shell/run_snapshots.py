"""What the Train page reads of runs, again and again: only what was written since the last look.

Kept per server process and folder; a file that was replaced or cut is read anew.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.evaluation import advice
from fer_core.recipes.recipe import Recipe
from fer_core.runs import naming
from fer_core.runs.records import Epoch, RunInfo, RunState
from fer_core.runs.run import ACTIVE, Run, best_epoch, cut_at_once


@dataclass
class _Tail:
    """The epochs of one run so far."""

    offset: int = 0
    inode: int = 0
    rows: list[Epoch] = field(default_factory=list)
    best: Epoch = field(default_factory=Epoch)
    lock: threading.Lock = field(default_factory=threading.Lock)


@st.cache_resource(max_entries=400, show_spinner=False)
def _tail(folder: str) -> _Tail:
    return _Tail()


def _follow(run: Run) -> _Tail:
    tail = _tail(str(run.folder))
    with tail.lock:
        try:
            found = os.stat(run.folder / "metrics.jsonl")
        except OSError:
            tail.offset, tail.rows, tail.best = 0, [], {}
            return tail
        if found.st_size < tail.offset or found.st_ino != tail.inode:
            tail.offset, tail.rows, tail.best = 0, [], {}
        tail.inode = found.st_ino
        if found.st_size > tail.offset:
            new, tail.offset = run.epochs_since(tail.offset)
            # A new list, so that whoever holds the old one is not surprised; an epoch told again takes its own place.
            told = {int(row["epoch"]): row for row in new}
            tail.rows = [row for row in tail.rows if int(row["epoch"]) not in told] + new
            tail.best = best_epoch(tail.rows)
    return tail


def rows(run: Run) -> list[Epoch]:
    """Every finished epoch, as `metrics.jsonl` says; not to be changed."""
    return _follow(run).rows


def best(run: Run) -> Epoch:
    """The epoch whose weights are kept; {} before the first has ended."""
    return _follow(run).best


@st.cache_resource(max_entries=200, show_spinner=False)
def _recipe(folder: str) -> Recipe:
    return Run(Path(folder)).recipe


def recipe(run: Run) -> Recipe | None:
    """The recipe of a run, which never changes; None where its file is damaged: the page shows the rest."""
    try:
        return _recipe(str(run.folder))
    except FerError:
        return None


@dataclass(frozen=True)
class RunSnapshot:
    """A run as it was when somebody looked."""

    run: Run
    info: RunInfo
    state: RunState
    reason: str
    rows: list[Epoch]
    best: Epoch

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def planned(self) -> int:
        """Epochs it is to train; at work it tells them itself, fewer than its recipe's once a stage has ended early."""
        told = self.run.progress.details.get("epochs") if self.works else None
        return int(told or self.info.get("planned_epochs") or len(self.rows))

    @property
    def works(self) -> bool:
        """Whether a process is at work for it."""
        return self.state in ACTIVE and self.state != "queued"

    @property
    def title(self) -> str:
        return title(self.run, self.info)


def read(run: Run) -> RunSnapshot:
    """Read a run's files as they are now."""
    info, (state, reason) = run.info, run.status()
    tail = _follow(run)
    return RunSnapshot(run, info, state, reason or cut_at_once(state, tail.rows), tail.rows, tail.best)


def number(run: str) -> str:
    """`41` of `0041-compact`."""
    return run.partition("-")[0].lstrip("0") or run


def title(run: Run, info: Mapping[str, object] | None = None) -> str:
    """`41 compact · lr .004 · seed 2`: how people call a run.

    Args:
        run: which.
        info: `recipe`, `member` and `differs` of its `run.json`; None reads it.
    """
    info = run.info if info is None else info
    member = str(info.get("member") or "")
    words = f"{number(run.id)} {info.get('recipe') or run.id.partition('-')[2]}"
    differs = info.get("differs")
    apart = _differs(str(run.folder)) if differs is None else str(differs)
    return " · ".join(filter(None, [words, apart, member]))


@st.cache_resource(max_entries=2000, show_spinner=False)
def _differs(folder: str) -> str:
    """What sets a run of an older version apart, which never changes."""
    run = Run(Path(folder))
    try:
        return naming.describe_difference(run.info, run.recipe)
    except FerError:
        return ""


def patience_left(snapshot: RunSnapshot) -> tuple[int, int] | None:
    """`advice.patience_left` of a run; None where its recipe cannot be read."""
    found = recipe(snapshot.run)
    return None if found is None else advice.patience_left(snapshot.rows, found)


def siblings(snapshots: Sequence[RunSnapshot], chosen: RunSnapshot) -> list[RunSnapshot]:
    """The runs of the same experiment, the chosen one among them; [] where it is none."""
    name = chosen.info.get("experiment")
    return [one for one in snapshots if name and one.info.get("experiment") == name]

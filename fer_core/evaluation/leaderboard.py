"""The rows of the leaderboard: every run of a workspace, read once and again only when its files change."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Hashable, Sequence
from pathlib import Path

from fer_core.base.workspace import Workspace
from fer_core.evaluation import cost
from fer_core.evaluation.report import LEADS, ScoredRun, gap_verdict, is_apart, leaderboard
from fer_core.evaluation.votes.people import people_of
from fer_core.runs import run_annotations
from fer_core.runs.records import Marks
from fer_core.runs.run import ACTIVE, Run
from fer_core.runs.store import list_runs

_WATCHED = ("run.json", "metrics.jsonl", "evaluation.json", "marks.json", "recipe.toml", "cost.json")
_SEED = re.compile(r"^seed\s*=.*$", re.MULTILINE)
_known: dict[Path, tuple[tuple[int, ...], LeaderboardRow]] = {}
_MOST = 4000  # rows kept in memory


class LeaderboardRow(ScoredRun, Marks):
    """A run on the leaderboard; what is unknown is None.

    Attributes:
        resumed: UTC, ISO 8601.
        experiment, member: what it is one of several of.
        trial: a search's name and the number of its trial; None for other runs, the fresh ones of a search among them.
        number: of its version.
        recipe_key: equal for runs that differ in their seed alone.
        judged: the model file it is, where it was not trained here; whether it has learned from the images is not known.
        differs: what sets it apart from its recipe, or as a fork from that run, in words; None in runs of an older version.
        changed: settings that differ from those of the run it goes on from, in words.
        on: ids of other versions it has predictions for.
        promoted: it answers on Try it.
        flops, model_bytes: of its model, once somebody measured; `ms` and `ms_32` per face, one and 32 at a time.
        energy: watt hours of its training, estimated.
        people: how far people agree on validation of its own version (`PeopleAgreement.people`, 0..1), by `people_images`
            faces; None where nobody voted. `as_people`: the share of these it answers as most voted.
    """

    resumed: str | None
    experiment: str | None
    member: str | None
    trial: str | None
    number: int | None
    recipe_key: str
    judged: str | None
    differs: str | None
    changed: str | None
    on: list[str]
    promoted: bool
    flops: int | None
    model_bytes: int | None
    ms: float | None
    ms_32: float | None
    energy: float | None
    people: float | None
    people_images: int | None
    as_people: float | None


def rows(workspace: Workspace) -> list[LeaderboardRow]:
    """One row per run, newest first."""
    return [row for row, _ in rows_with_stamps(workspace)]


def rows_with_stamps(workspace: Workspace) -> list[tuple[LeaderboardRow, tuple[int, ...]]]:
    """`rows`, each with numbers that stay the same while nothing about the run changes; of one at work they never do."""
    if len(_known) > _MOST:
        _known.clear()
    chosen = run_annotations.promoted(workspace)
    found = [(run.id == chosen, *_row(run)) for run in list_runs(workspace)]
    return [({**row, "promoted": promoted}, stamp) for promoted, row, stamp in found]


def group_seeds(rows: Sequence[LeaderboardRow], fold: bool = True) -> list[list[LeaderboardRow]]:
    """Rows that differ in their seed alone together, if `fold`; the best on validation first."""
    groups: dict[Hashable, list[LeaderboardRow]] = {}
    for row in rows:
        # A trial of a search was picked for its score: it is no seed beside the fresh ones.
        same = (row["recipe_key"], row["version"], row["trial"]) if row["recipe_key"] else None
        key = same if fold and same and row["state"] in ("finished", "stopped") else row["run"]
        groups.setdefault(key, []).append(row)
    return [sorted(group, key=lambda r: -(r["val_accuracy"] or 0)) for group in groups.values()]


def _row(run: Run) -> tuple[LeaderboardRow, tuple[int, ...]]:
    stamp = _stamp(run.folder)
    held = _known.get(run.folder)
    if held is not None and held[0] == stamp:
        return _judged(run, held[1], stamp)
    (scored,) = leaderboard([run])
    info, found = run.info, cost.stored_cost(run) if (run.folder / cost.FILE).is_file() else None
    people = people_of(run, "val")
    votes = run.evaluation().get("splits", {}).get("val", {}).get("votes") if people else None
    seconds, device = scored.get("seconds"), str(scored.get("device") or "")
    row: LeaderboardRow = {
        **scored,
        "created": info.get("created"),
        "resumed": info.get("resumed"),
        "experiment": info.get("experiment"),
        "member": info.get("member"),
        "trial": f"{info['search']} {info['trial']}" if info.get("search") and "trial" in info else None,
        "seed": info.get("seed"),
        "number": info.get("version_number"),
        "recipe_key": _recipe_key(run.folder),
        "judged": info["judged"]["file"] if "judged" in info else None,
        "differs": info.get("differs"),
        "changed": ", ".join(info.get("changed") or ()) or None,
        "on": sorted(path.name.removeprefix("on-") for path in run.folder.glob("on-*") if path.is_dir()),
        **run_annotations.read(run),
        "flops": found["flops"] if found else None,
        "model_bytes": found["model_bytes"] if found else None,
        "ms": found["ms"].get("1") if found else None,
        "ms_32": found["ms"].get("32") if found else None,
        "energy": cost.energy(device, seconds or 0.0),
        "people": people.people if people else None,
        "people_images": people.images if people else None,
        "as_people": votes["agreement"] if votes else None,
        "promoted": False,
    }
    if row["state"] in ACTIVE:  # what is at work changes without a file of its own
        return row, (time.monotonic_ns(),)
    _known[run.folder] = (stamp, row)
    return _judged(run, row, stamp)


def _judged(run: Run, row: LeaderboardRow, stamp: tuple[int, ...]) -> tuple[LeaderboardRow, tuple[int, ...]]:
    """With the verdict that holds now: copies across its splits become known without a change of its files."""
    train, val = row["train_accuracy"], row["val_accuracy"]
    if row["verdict"] not in LEADS or train is None or val is None:
        return row, stamp
    apart = is_apart(run)
    return {**row, "verdict": gap_verdict(train, val, apart)}, (*stamp, int(apart))


def _stamp(folder: Path) -> tuple[int, ...]:
    place = str(folder)  # hundreds of runs are asked for with every draw: no objects for paths
    found = [os.stat(place).st_mtime_ns]
    for name in _WATCHED:
        try:
            about = os.stat(f"{place}/{name}")
        except OSError:
            found.append(0)
        else:
            found += [about.st_mtime_ns, about.st_size]
    return tuple(found)


def _recipe_key(folder: Path) -> str:
    try:
        return recipe_key((folder / "recipe.toml").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""


def recipe_key(text: str) -> str:
    """A digest of a `recipe.toml` that is equal for recipes that differ in their seed alone."""
    return hashlib.blake2b(_SEED.sub("", text).encode(), digest_size=8).hexdigest()

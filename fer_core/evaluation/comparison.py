"""The leaderboard with ranks: runs judged on the version each was trained on, or all on one version.

found = judge(workspace, runs, "val")
found.rows[0]["rank"], found.rows[0]["unranked"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.evaluation import leaderboard, ledger, ranking, scores
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.evaluation.leakage import run_leaks
from fer_core.evaluation.predict_version import predict_missing
from fer_core.runs.run import Run
from fer_core.runs.store import get

_PLACE = ("rank", "shared", "accuracy", "low", "high", "images")


class JudgedRun(LeaderboardRow, total=False):
    """A row that was ranked among others: as `ranking.RankedEntry`, in words why it was not, and the word of the ledger.

    `leakage` is what leaked images did to its figure on its own version (`run_leaks.own_cost`); None where nobody can tell, or
    has looked at its test result there.
    """

    rank: int | None
    shared: bool | None
    accuracy: float | None
    low: float | None
    high: float | None
    images: int | None
    unranked: str
    ledger: str
    leakage: Mapping[str, object] | None


@dataclass(frozen=True)
class Comparison:
    """Runs that were judged.

    Attributes:
        rows: the best of each version first.
        version: id of the one version all were judged on; None where each was judged on its own.
    """

    rows: list[JudgedRun]
    version: str | None = None


def judge(
    workspace: Workspace,
    runs: Sequence[Run] = (),
    split: str = "val",
    *,
    on: str | None = None,
    common: bool = False,
    via: str = "python",
) -> Comparison:
    """Rank runs by accuracy on a split; those that do not differ significantly share a rank.

    Args:
        workspace: where they are.
        runs: which; none for all that are not archived.
        split: "val" or "test". Every look at test is recorded.
        on: the version all are judged on; None for its own version each.
        common: rank on the images that no run has learned from, as `ranking.rank`.
        via: who looks, for the ledger.

    Raises:
        NotFound: there is no such version.
    """
    chosen = {run.id for run in runs}
    rows = [
        cast(JudgedRun, {**row, **dict.fromkeys(_PLACE), "unranked": ""})
        for row in leaderboard.rows(workspace)
        if (row["run"] in chosen if runs else not row["archived"])
    ]
    versions: dict[tuple[str, str], list[JudgedRun]] = {}
    for row in rows:
        where = str(row["version"])
        if on is not None:
            where = open_dataset(workspace, str(row["dataset"])).version(on).id
            if where not in (row["version"], *row["on"]):
                row["unranked"] = (
                    f"It has no predictions there: {scores.to_predict(get(workspace, row['run']), where)}"
                )
                continue
        versions.setdefault((str(row["dataset"]), where), []).append(row)
    for source, group in versions.items():
        _rank(workspace, group, split, *source, common=common, via=via)
    log = ledger.reads(workspace)
    for row in rows:
        row["ledger"] = ledger.standing(workspace, row, log).words
        row["leakage"] = _leakage(Run(workspace.runs / row["run"]), split)
    rows.sort(key=lambda row: _order(row, on is None))
    return Comparison(rows, next((where for _, where in versions), None) if on is not None else None)


def _leakage(run: Run, split: str) -> Mapping[str, object] | None:
    try:
        found = run_leaks.own_cost(run, split)
    except FerError:
        return None
    return found.record() if found else None


def predict_all(workspace: Workspace, runs: Sequence[Run], on: str) -> dict[str, str]:
    """Ask every run that has no predictions for a version yet, so that `judge` can rank it there.

    Args:
        workspace, runs: as `judge`.
        on: the version: id, start of an id or number.

    Returns:
        Run -> why it could not be asked.

    Raises:
        NotFound: there is no such version.
    """
    wanted = runs or [
        get(workspace, row["run"])
        for row in leaderboard.rows(workspace)
        if not row["archived"] and row["state"] in ("finished", "stopped")
    ]
    failed: dict[str, str] = {}
    for dataset in {run.dataset for run in wanted}:
        version = open_dataset(workspace, dataset).version(on).id
        failed |= predict_missing([run for run in wanted if run.dataset == dataset], version)
    return failed


def _rank(
    workspace: Workspace,
    rows: list[JudgedRun],
    split: str,
    dataset: str,
    version: str,
    *,
    common: bool,
    via: str,
) -> None:
    runs = [Run(workspace.runs / row["run"]) for row in rows]
    scores.look_at_all(runs, split, via, version)
    manifest = scores.manifest_of(workspace, dataset, version)
    ranked = ranking.rank([[run] for run in runs], split, version, manifest, common=common)
    answered = ranked.images + ranked.seen
    for row in rows:
        row["unranked"] = ranked.left_out.get(row["run"], "")
        if entry := ranked.entries.get((row["run"],)):
            row |= {"rank": entry.rank, "shared": entry.shared, "accuracy": entry.accuracy}
            row |= {"low": entry.low, "high": entry.high, "images": entry.images}
            if entry.rank is None:
                row["unranked"] = (
                    f"It has learned from {answered - entry.images:,} of the {answered:,} images; on the other "
                    f"{entry.images:,} its accuracy is {entry.accuracy:.3f} [{entry.low:.3f}, {entry.high:.3f}]. "
                    "--common ranks all on their common part"
                )


def _order(row: JudgedRun, by_version: bool) -> tuple[str, str, float, float]:
    """Ranked ones first, then those with an accuracy of their own, then the others; version by version unless judged on one."""
    last = float("inf") if row["accuracy"] is None else 10.0**9
    return (
        row["dataset"] or "",
        str(row["version"]) if by_version else "",
        row["rank"] or last,
        -(row["accuracy"] or 0),
    )

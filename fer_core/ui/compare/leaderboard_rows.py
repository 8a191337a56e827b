"""From runs to the lines of the leaderboard: seeds folded, ranks, gaps, badges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fer_core.base.workspace import Workspace
from fer_core.evaluation import ledger
from fer_core.evaluation.across.judged_file import UNKNOWN
from fer_core.evaluation.advice import is_early
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.evaluation.ranking import RankedEntry, Ranking
from fer_core.evaluation.report import CHANCE, DISTRUST, gap_level, gap_verdict
from fer_core.runs.run import STOPPED_AT_ONCE, Run
from fer_core.splits import known_leaks
from fer_core.splits.leaks import Leaks
from fer_core.ui.compare.cached_runs import RunIds
from fer_core.ui.components import markup
from fer_core.ui.components.leaderboard_table import Column, LeaderboardCell, Line
from fer_core.ui.shell import job_progress, run_snapshots

OPTIONAL: dict[str, Column] = {
    "people": Column(
        "people",
        "people",
        "num",
        "How far people agree on these faces: of a face's votes, the share for its most voted class",
    ),
    "gap": Column("gap", "gap", "num", "Train minus validation accuracy at the best epoch, in points"),
    "verdict": Column("verdict", "", "chip", "What the gap means"),
    "macro_f1": Column("macro_f1", "macro F1", "num", "Mean F1 of the classes, on validation"),
    "train_accuracy": Column("train_accuracy", "train", "num", "Training accuracy at the best epoch"),
    "parameters": Column("parameters", "params", "num", "Parameters of the network"),
    "trainable_parameters": Column("trainable_parameters", "trainable", "num", "Parameters that learn"),
    "best_epoch": Column("best_epoch", "best epoch", "num", "By validation, of those trained"),
    "seconds": Column("seconds", "time", "num", "Training time"),
    "data": Column(
        "data", "data", "chip", "Version it learned from, and pictures in train and in val or test"
    ),
    "own": Column(
        "own",
        "own version",
        "quiet",
        "Where it learned from another version: its accuracy on validation there, of how many images",
    ),
    "ledger": Column(
        "ledger", "ledger", "chip", "Peeked: a test result was read before this run's choices were made"
    ),
    "state": Column("state", "state", "chip"),
    "ms": Column("ms", "ms/face", "num", "One face on the CPU, measured by `cost` or on the run's panel"),
    "flops": Column("flops", "Mflop", "num", "Arithmetic per face, two per multiply-add"),
    "model_bytes": Column("model_bytes", "MB", "num", "Size of the ONNX file"),
    "energy": Column("energy", "Wh", "num", "Energy of the training, estimated from its time and device"),
    "images_per_second": Column("images_per_second", "images/s", "num"),
    "recipe": Column("recipe", "recipe"),
    "device": Column("device", "device", "text", "Where it was trained"),
    "changed": Column("changed", "changed", "text", "What differs from the run it goes on from"),
    "tags": Column("tags", "tags"),
    "created": Column("created", "made"),
}
DEFAULT = ["people", "gap", "verdict", "macro_f1", "data", "own", "ledger"]
"""So many that nothing has to be scrolled beside the navigation at 1440 pixels."""
_OWN_TIP = "On the validation part of the version it learned from: other images than those of the rank"
_SHORT = {
    "check for leaks or hard augmentation": "check",
    "validation ahead": "val ahead",
    "severe overfitting": "overfits",
    DISTRUST: "do not trust",
    CHANCE: "chance",
}

NAMES = {"verdict": "verdict on the gap"}
"""What the chooser calls columns whose head is empty."""


def entry(group: Sequence[LeaderboardRow]) -> RunIds:
    """The ids of a group's runs."""
    return tuple(str(row["run"]) for row in group)


def telling(columns: Sequence[Column], found: Sequence[Line]) -> list[Column]:
    """The columns that say something of these lines: not those that are empty, nor a ledger in which nobody is blamed."""
    blamed = any(line.cells["ledger"].sort for line in found if "ledger" in line.cells)
    return [
        column
        for column in columns
        if any(column.key in line.cells for line in found) and (column.key != "ledger" or blamed)
    ]


def lines(
    workspace: Workspace,
    groups: Sequence[Sequence[LeaderboardRow]],
    ranked: Ranking,
    why_not: Mapping[str, str],
    head: str,
    judged_on: str,
) -> list[Line]:
    """One line per group, ranked ones first.

    Args:
        groups: from `group_seeds`.
        ranked: on the common split.
        why_not: run -> why it is not ranked, beyond what `ranked` knows.
        head: id of the dataset's newest version.
        judged_on: id of the version all are ranked on; what a run earned on its own one stands beside that, in gray.
    """
    log = ledger.reads(workspace)
    sources = {(str(row["dataset"]), str(row["version"])) for group in groups for row in group}
    known = {source: known_leaks.find(workspace, *source) for source in sources}
    voted = any(group[0]["people"] is not None for group in groups)
    found = []
    for group in groups:
        lead = group[0]
        ids = entry(group)
        kept = tuple(name for name in ids if name not in ranked.left_out)
        ranked_entry = ranked.entries.get(kept)
        reason = why_not.get(ids[0]) or ranked.left_out.get(ids[0], "") or lead["problem"]
        mine = known[str(lead["dataset"]), str(lead["version"])]
        cells = {**_score(ranked_entry, lead, reason), **_facts(group, mine), "ledger": _ledger(workspace, group, log),
                 "data": _data(mine, lead, head)}  # fmt: skip
        if str(lead["version"]) != judged_on and (words := _own(lead)):
            cells["own"] = LeaderboardCell(words, lead["val_accuracy"], "", _OWN_TIP)
        one = Run(workspace.runs / ids[0])
        name = run_snapshots.title(one, lead) if len(group) == 1 else f"{lead['recipe']} · {len(group)} seeds"
        if voted:
            cells["people"] = _people(lead)
        note = _note(lead, "" if len(group) == 1 else f"best {run_snapshots.number(ids[0])}")
        unranked = ranked_entry is None or ranked_entry.rank is None
        found.append((ranked_entry, Line(ids[0], name, note, cells, bool(lead["star"]), unranked)))
    order = sorted(found, key=lambda item: (item[0] is None, *(_order(item[0]) if item[0] else (0, 0.0))))
    return [line for _, line in order]


def _note(lead: LeaderboardRow, best: str) -> str:
    """What stands beside a run's name, if anything: how it was cut short before which of its seeds it is."""
    if lead["reason"] == STOPPED_AT_ONCE:
        return "stopped in its first epoch"
    if lead["judged"]:
        return "not trained here"
    if lead["state"] == "stopped" and not best and lead["planned_epochs"]:
        return f"stopped at {lead['epochs']:,}/{lead['planned_epochs']:,}"
    return best


def _own(lead: LeaderboardRow) -> str:
    """`0.853 · v1, n 1,204`; "" where nothing is known."""
    if lead["val_accuracy"] is None:
        return ""
    where = f"v{lead['number']}" if lead["number"] else str(lead["version"])[:6]
    images = f", n {lead['val_images']:,}" if lead["val_images"] else ""
    return f"{lead['val_accuracy']:.3f} · {where}{images}"


def _people(lead: LeaderboardRow) -> LeaderboardCell:
    if lead["people"] is None:
        return LeaderboardCell("–", None, "", "Nobody's votes on these faces are known")
    tip = f"On {lead['people_images']:,} faces of validation with votes, where it learned"
    if lead["as_people"] is not None:
        tip += f". The run answers as most voted on {lead['as_people']:.3f} of them"
    return LeaderboardCell(f"{lead['people']:.3f}", lead["people"], "", tip)


def _order(ranked_entry: RankedEntry) -> tuple[int, float]:
    return ranked_entry.rank or 10**6, -ranked_entry.accuracy


def _score(ranked_entry: RankedEntry | None, lead: LeaderboardRow, reason: str) -> dict[str, LeaderboardCell]:
    if ranked_entry is None:
        word = reason or "not ranked"
        state = str(lead["state"])
        said = "–" if state == "finished" else state
        return {
            "rank": LeaderboardCell("–"),
            "interval": LeaderboardCell(""),
            "accuracy": LeaderboardCell(said, None, "", word),
        }
    tip = f"95 %: {ranked_entry.low:.3f} to {ranked_entry.high:.3f}"
    spread = f" ± {ranked_entry.sd:.3f}" if ranked_entry.sd is not None else ""
    value, shared = (
        f"{ranked_entry.accuracy:.3f}",
        "Shared: nothing tells them apart" if ranked_entry.shared else "",
    )
    rank = LeaderboardCell(
        f"{ranked_entry.rank}{'=' if ranked_entry.shared else ''}", ranked_entry.rank, "", shared
    )
    if ranked_entry.rank is None:
        tip += f". Judged on {ranked_entry.images:,} images: it has learned from the others, so it has no rank here"
        spread += f" (n {ranked_entry.images:,})"
        rank = LeaderboardCell("–", None, "", tip)
    return {
        "rank": rank,
        "interval": LeaderboardCell(
            "",
            ranked_entry.accuracy,
            "",
            f"{value}, {tip}",
            (ranked_entry.low, ranked_entry.accuracy, ranked_entry.high),
        ),
        "accuracy": LeaderboardCell(f"{value}{spread}", ranked_entry.accuracy, "", tip),
    }


def _facts(group: Sequence[LeaderboardRow], leaks: Leaks | None) -> dict[str, LeaderboardCell]:
    lead = group[0]
    cells: dict[str, LeaderboardCell] = {}

    def number(key: str, form: str, all_values: Iterable[float | None]) -> None:
        values = [value for value in all_values if value is not None]
        if values:
            mean = sum(values) / len(values)
            cells[key] = LeaderboardCell(form.format(mean), float(mean))

    number("macro_f1", "{:.3f}", (row["macro_f1"] for row in group))
    number("train_accuracy", "{:.3f}", (row["train_accuracy"] for row in group))
    number("gap", "{:+z.1f}", (row["gap"] for row in group))
    number("images_per_second", "{:,.0f}", (row["images_per_second"] for row in group))
    number("ms", "{:.2f}", (row["ms"] for row in group))
    if lead["flops"]:
        cells["flops"] = LeaderboardCell(f"{lead['flops'] / 1e6:,.0f}", float(lead["flops"]))
    if lead["model_bytes"]:
        cells["model_bytes"] = LeaderboardCell(f"{lead['model_bytes'] / 1e6:.1f}", float(lead["model_bytes"]))
    spent = [row["energy"] for row in group if row["energy"] is not None]
    if spent:
        cells["energy"] = LeaderboardCell(f"{sum(spent):,.1f}", float(sum(spent)))
    if "gap" in cells and lead["train_accuracy"] is not None and lead["val_accuracy"] is not None:
        apart = leaks is not None and leaks.verdict == "none"
        gap = float(cells["gap"].sort or 0) / 100
        word = CHANCE if lead["verdict"] == CHANCE else gap_verdict(gap, 0.0, apart, chance=-1.0)
        if not is_early(word, int(lead["epochs"] or 0)):
            cells["verdict"] = LeaderboardCell(_SHORT.get(word, word), word, gap_level(word), word)
    if lead["parameters"]:
        cells["parameters"] = LeaderboardCell(_millions(int(lead["parameters"])), float(lead["parameters"]))
    if lead["trainable_parameters"]:
        cells["trainable_parameters"] = LeaderboardCell(
            _millions(int(lead["trainable_parameters"])), float(lead["trainable_parameters"])
        )
    for name in ("device", "changed"):
        if words := str(lead[name] or ""):
            cells[name] = LeaderboardCell(words, words)
    if lead["best_epoch"] is not None:
        cells["best_epoch"] = LeaderboardCell(
            f"{lead['best_epoch']} of {lead['epochs']}", float(lead["best_epoch"])
        )
    if lead["seconds"]:
        total = sum(row["seconds"] or 0 for row in group)
        cells["seconds"] = LeaderboardCell(markup.duration(total), float(total))
    state = str(lead["state"])
    cells["state"] = LeaderboardCell(
        state, state, job_progress.STATE_CHIPS.get(state, "none"), lead["problem"] or ""
    )
    cells["recipe"] = LeaderboardCell(str(lead["recipe"] or ""), str(lead["recipe"] or ""))
    cells["tags"] = LeaderboardCell(
        ", ".join(map(str, lead["tags"])), ", ".join(map(str, lead["tags"])) or None
    )
    cells["created"] = LeaderboardCell(
        str(lead["created"] or "")[:16].replace("T", " "), str(lead["created"] or "") or None
    )
    return cells


def _ledger(
    workspace: Workspace, group: Sequence[LeaderboardRow], log: Sequence[ledger.TestRead]
) -> LeaderboardCell:
    found = [ledger.standing(workspace, row, log) for row in group]
    peeked, reads = max(s.peeked for s in found), sum(s.reads for s in found)
    words = ledger.Standing(reads, peeked).words
    tip = (
        f"Its test result was read {markup.plural(reads, 'time')}."
        if reads
        else "Its test result was never read."
    )
    if peeked:
        tip += f" These test pictures had been looked at {markup.plural(peeked, 'time')} before its choices were made."
    return LeaderboardCell(words, float(peeked), "warn" if peeked else "good", tip)


def _data(known: Leaks | None, lead: LeaderboardRow, head: str) -> LeaderboardCell:
    number, version = lead["number"], str(lead["version"])
    name = f"v{number}" if number else version[:6]
    if lead["judged"]:
        return LeaderboardCell(f"{name}, copies unknown", 2.5, "warn", UNKNOWN)
    if known is None:
        return LeaderboardCell(f"{name} gone", 3.0, "bad", "The version it learned from was deleted")
    if known.verdict == "leaks":
        return LeaderboardCell(f"{name}, leaks", 2.0, "bad", known.sentence)
    if version != head:
        return LeaderboardCell(
            f"{name}, older", 1.0, "warn", f"The dataset has a newer version. {known.sentence}"
        )
    if known.verdict != "none":
        word = "not compared" if known.verdict == "unknown" else f"{known.reach} bits only"
        return LeaderboardCell(f"{name}, {word}", 0.5, "none", known.sentence)
    return LeaderboardCell(name, 0.0, "good", f"The newest version. {known.sentence}")


def _millions(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number / 1e3:.0f} k"

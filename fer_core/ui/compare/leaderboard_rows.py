"""From runs to the lines of the leaderboard: seeds folded, ranks, gaps, badges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer_core.evaluation import ledger
from fer_core.evaluation.ranking import Place, Ranking
from fer_core.evaluation.report import gap_verdict
from fer_core.ui import compare_data, html, live
from fer_core.ui.compare_data import Entry
from fer_core.ui.compare_table import Cell, Column, Line
from fer_core.workspace import Workspace

Row = dict[str, Any]
OPTIONAL: dict[str, Column] = {
    "gap": Column("gap", "gap", "num", "Train minus validation accuracy at the best epoch, in points"),
    "verdict": Column("verdict", "", "chip", "What the gap means"),
    "macro_f1": Column("macro_f1", "macro F1", "num", "Mean F1 of the classes, on validation"),
    "parameters": Column("parameters", "params", "num", "Parameters of the network"),
    "best_epoch": Column("best_epoch", "best epoch", "num", "By validation, of those trained"),
    "seconds": Column("seconds", "time", "num", "Training time"),
    "data": Column(
        "data", "data", "chip", "Version it learned from, and pictures in train and in val or test"
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
    "tags": Column("tags", "tags"),
    "created": Column("created", "made"),
}
DEFAULT = ["gap", "verdict", "macro_f1", "parameters", "seconds", "data", "ledger"]
_SHORT = {
    "check for leaks or hard augmentation": "check",
    "validation ahead": "val ahead",
    "severe overfitting": "overfits",
}
NAMES = {"verdict": "verdict on the gap"}
"""What the chooser calls columns whose head is empty."""


def entry(group: Sequence[Row]) -> Entry:
    """The ids of a group's runs."""
    return tuple(str(row["run"]) for row in group)


def lines(
    workspace: Workspace,
    groups: Sequence[Sequence[Row]],
    ranked: Ranking,
    why_not: Mapping[str, str],
    head: str,
) -> list[Line]:
    """One line per group, ranked ones first.

    Args:
        groups: from `folded`.
        ranked: on the common split.
        why_not: run -> why it is not ranked, beyond what `ranked` knows.
        head: id of the dataset's newest version.
    """
    log = ledger.reads(workspace)
    sources = {(str(row["dataset"]), str(row["version"])) for group in groups for row in group}
    copies = {source: compare_data.leaks(str(workspace.root), *source) for source in sources}
    found = []
    for group in groups:
        lead = group[0]
        ids = entry(group)
        kept = tuple(name for name in ids if name not in ranked.left_out)
        place = ranked.places.get(kept)
        reason = why_not.get(ids[0]) or ranked.left_out.get(ids[0], "") or lead["problem"]
        cells = {**_score(place, lead, reason), **_facts(group), "ledger": _ledger(workspace, group, log),
                 "data": _data(copies, lead, head)}  # fmt: skip
        name = str(lead["run"]) if len(group) == 1 else f"{lead['recipe']} · {len(group)} seeds"
        note = lead["member"] or "" if len(group) == 1 else f"best {ids[0]}"
        found.append((place, Line(ids[0], name, str(note), cells, bool(lead["star"]), place is None)))
    order = sorted(found, key=lambda item: (item[0] is None, *(_order(item[0]) if item[0] else (0, 0.0))))
    return [line for _, line in order]


def _order(place: Place) -> tuple[int, float]:
    return place.rank, -place.accuracy


def _score(place: Place | None, lead: Row, reason: str) -> dict[str, Cell]:
    if place is None:
        word = reason or "not ranked"
        state = str(lead["state"])
        said = "–" if state == "finished" else state
        return {"rank": Cell("–"), "interval": Cell(""), "accuracy": Cell(said, None, "", word)}
    tip = f"95 %: {place.low:.3f} to {place.high:.3f}"
    spread = f" ± {place.sd:.3f}" if place.sd is not None else ""
    value, shared = f"{place.accuracy:.3f}", "Shared: nothing tells them apart" if place.shared else ""
    return {
        "rank": Cell(f"{place.rank}{'=' if place.shared else ''}", place.rank, "", shared),
        "interval": Cell("", place.accuracy, "", f"{value}, {tip}", (place.low, place.accuracy, place.high)),
        "accuracy": Cell(f"{value}{spread}", place.accuracy, "", tip),
    }


def _facts(group: Sequence[Row]) -> dict[str, Cell]:
    lead = group[0]
    cells: dict[str, Cell] = {}

    def number(key: str, form: str) -> None:
        values = [row[key] for row in group if row[key] is not None]
        if values:
            mean = sum(values) / len(values)
            cells[key] = Cell(form.format(mean), float(mean))

    number("macro_f1", "{:.3f}")
    number("gap", "{:+.1f}")
    number("images_per_second", "{:,.0f}")
    number("ms", "{:.2f}")
    for key, unit, form in (("flops", 1e6, "{:,.0f}"), ("model_bytes", 1e6, "{:.1f}")):
        if lead[key]:
            cells[key] = Cell(form.format(lead[key] / unit), float(lead[key]))
    spent = [row["energy"] for row in group if row["energy"] is not None]
    if spent:
        cells["energy"] = Cell(f"{sum(spent):,.1f}", float(sum(spent)))
    if "gap" in cells and lead["train_accuracy"] is not None and lead["val_accuracy"] is not None:
        word = gap_verdict(float(cells["gap"].sort or 0) / 100, 0.0)
        verdict = "good" if word == "healthy" else "bad" if word.startswith("severe") else "look"
        cells["verdict"] = Cell(_SHORT.get(word, word), word, verdict, word)
    if lead["parameters"]:
        cells["parameters"] = Cell(_millions(int(lead["parameters"])), float(lead["parameters"]))
    if lead["best_epoch"] is not None:
        cells["best_epoch"] = Cell(f"{lead['best_epoch']} of {lead['epochs']}", float(lead["best_epoch"]))
    if lead["seconds"]:
        total = sum(row["seconds"] or 0 for row in group)
        cells["seconds"] = Cell(html.duration(total), float(total))
    state = str(lead["state"])
    cells["state"] = Cell(state, state, live.STATE_CHIPS.get(state, "none"), lead["problem"] or "")
    cells["recipe"] = Cell(str(lead["recipe"] or ""), str(lead["recipe"] or ""))
    cells["tags"] = Cell(", ".join(map(str, lead["tags"])), ", ".join(map(str, lead["tags"])) or None)
    cells["created"] = Cell(
        str(lead["created"] or "")[:16].replace("T", " "), str(lead["created"] or "") or None
    )
    return cells


def _ledger(workspace: Workspace, group: Sequence[Row], log: Sequence[Mapping[str, Any]]) -> Cell:
    found = [ledger.standing(workspace, row, log) for row in group]
    peeked, reads = max(s.peeked for s in found), sum(s.reads for s in found)
    words = ledger.Standing(reads, peeked).words
    tip = (
        f"Its test result was read {html.plural(reads, 'time')}."
        if reads
        else "Its test result was never read."
    )
    if peeked:
        tip += f" {html.plural(peeked, 'look')} at these test pictures came before its choices were made."
    return Cell(words, float(peeked), "look" if peeked else "good", tip)


def _data(leaks: Mapping[tuple[str, str], int | None], lead: Row, head: str) -> Cell:
    number, version = lead["number"], str(lead["version"])
    name = f"v{number}" if number else version[:6]
    copies = leaks[str(lead["dataset"]), version]
    if copies is None:
        return Cell(f"{name} gone", 3.0, "bad", "The version it learned from was deleted")
    if copies:
        return Cell(
            f"{name}, leaks", 2.0, "bad", f"{html.plural(copies, 'picture')} in train and in val or test"
        )
    if version != head:
        return Cell(f"{name}, older", 1.0, "look", "The dataset has a newer version")
    return Cell(name, 0.0, "good", "The newest version, no equal pictures across splits")


def _millions(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number / 1e3:.0f} k"

"""Tables that several screens show: splits before and after, drift, leaks. Verdicts name the number behind them."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from fer_core.base.emotions import ordered_splits
from fer_core.data.datasets import Dataset
from fer_core.data.versions import Version
from fer_core.splits import balance
from fer_core.ui.components import markup


def origin(version: Version, dataset: Dataset) -> str:
    """Where a version comes from, in a few words."""
    if version.parent is None:
        return "as imported"
    return f"{version.operation}, from {parent_of(version, dataset).partition(',')[0]}"


def parent_of(version: Version, dataset: Dataset) -> str:
    """`version 2, cleaned`; or that its file cannot be read."""
    parent = next((known for known in dataset.versions() if known.id == version.parent), None)
    if parent is None:
        return "a version whose file is damaged"
    return f"version {parent.number}{f', {parent.name}' if parent.name else ''}"


def drift_line(drift: dict[str, float]) -> str:
    """Whether the class mix differs between splits, with the test's numbers."""
    v = drift["cramers_v"]
    level = balance.drift_level(v)
    tip = f"Cramér's V below {balance.DRIFT_SMALL:g} counts as none, below {balance.DRIFT_LARGE:g} as some"
    chip = markup.chip(level, balance.DRIFT_WORDS[level], tip)
    return (
        f'<span class="fer-muted">Class mix between splits: χ² = {drift["chi2"]:,.0f}, Cramér\'s V {v:.2f}, '
        f"p {drift['p']:.2g}</span> {chip}"
    )


def leaks(table: pd.DataFrame) -> str:
    """The leak table: groups two splits share, in red; on the diagonal the extra copies within a split."""
    names = [str(name) for name in table.columns]
    rows: list[list[markup.Cell]] = []
    for r, name in enumerate(names):
        row: list[markup.Cell] = [name]
        for c, other in enumerate(names):
            count = int(table.to_numpy()[r, c])
            if c < r:
                row.append("")
            elif c == r or not count:
                row.append(count)
            else:
                row.append(
                    Markup(
                        f'<b style="color:#E03131" title="groups that are in {name} and in {other}">{count:,}</b>'
                    )
                )
        rows.append(row)
    return markup.table(["", *names], rows, numeric=range(1, len(names) + 1), caption="Leaks between splits")


def split_change(before: pd.DataFrame, after: pd.DataFrame, shares: bool = True) -> str:
    """Images per class and split as `12 → 34`, with each class's share of the new split if `shares`.

    Args:
        before, after: images per split (index) and class (columns).
    """
    classes, splits = list(after.columns), [s for s in ordered_splits(after.index) if s in after.index]
    old = before.reindex(index=splits, columns=classes, fill_value=0)
    totals = after.sum(axis=1)
    shown = splits if shares else []
    body: list[list[markup.Cell]] = [
        [
            markup.class_name(str(name), classes),
            *(_change(int(old[name][s]), int(after[name][s])) for s in splits),
            *(f"{after[name][s] / totals[s]:.1%}" if totals[s] else "–" for s in shown),
        ]
        for name in classes
    ]
    whole = before.reindex(index=splits, fill_value=0).sum(axis=1)
    sums = [_change(int(whole[s]), int(totals[s])) for s in splits]
    body.append(["all", *sums, *("" for _ in shown)])
    header = ["class", *splits, *(f"share of {s}" for s in shown)]
    caption = "Images per class and split, before and after"
    return markup.table(header, body, numeric=range(1, len(header)), caption=caption)


def _change(before: int, after: int) -> Markup:
    bold = f"<b>{after:,}</b>"
    return Markup(f"{before:,} → {bold}" if before else bold)

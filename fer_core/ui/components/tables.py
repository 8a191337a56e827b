"""The tables of the explorer and the splits page: manifests in, HTML out. Verdicts name the number behind them."""

from __future__ import annotations

import pandas as pd

from fer_core.data import records
from fer_core.data.datasets import Dataset
from fer_core.data.versions import Version
from fer_core.emotions import colors
from fer_core.quality.duplicates import Groups
from fer_core.ui import html
from fer_core.ui.faces import each

DRIFT_SMALL, DRIFT_LARGE = 0.05, 0.1


def origin(version: Version, dataset: Dataset) -> str:
    """Where a version comes from, in a few words."""
    if version.parent is None:
        return "as imported"
    parent = dataset.version(version.parent)
    return f"{version.operation}, from v{parent.number}"


def splits_and_classes(manifest: pd.DataFrame, shares: pd.DataFrame) -> str:
    """Counts per split and class, shaded by size, with each split's share against its target."""
    counts = records.counts(manifest)
    classes = list(counts.columns)
    top = int(counts.to_numpy().max()) if counts.size else 1
    rows: list[list[html.Cell]] = []
    shade: dict[tuple[int, int], float] = {}
    judged = {str(split): row for split, row in zip(shares.index, each(shares), strict=True)}
    for r, split in enumerate(map(str, counts.index)):
        row, share = [int(n) for n in counts.to_numpy()[r]], judged[split]
        known = pd.notna(share["target"])
        rows.append(
            [
                split,
                *row,
                sum(row),
                f"{share['share']:.1%}",
                html.chip(share["verdict"], share["words"]) if known else "",
            ]
        )
        shade |= {(r, c + 1): n / top for c, n in enumerate(row)}
    header = ["split", *classes, "all", "share", "verdict"]
    return html.table(
        header, rows, numeric=range(1, len(classes) + 3), shade=shade, caption="Images per split and class"
    )


def drift_line(drift: dict[str, float]) -> str:
    """Whether the class mix differs between splits, with the test's numbers."""
    v = drift["cramers_v"]
    verdict: html.Verdict = "good" if v < DRIFT_SMALL else "look" if v < DRIFT_LARGE else "bad"
    word = {"good": "no drift", "look": "drift", "bad": "strong drift"}[verdict]
    chip = html.chip(verdict, word, "Cramér's V below .05 counts as none, below .1 as some").text
    return (
        f'<span class="fer-muted">Class mix between splits: χ² = {drift["chi2"]:,.0f}, Cramér\'s V {v:.2f}, '
        f"p {drift['p']:.2g}</span> {chip}"
    )


def class_balance(table: pd.DataFrame) -> str:
    """Share of each class as a bar in its colour, with count, share and the weight that would balance it."""
    palette = colors(table.index)
    top = max(float(table["share"].max()), 1e-9) if len(table) else 1.0
    rows: list[list[html.Cell]] = [
        [
            html.class_name(str(name), table.index),
            html.Raw(
                '<div class="fer-bar" style="min-width:90px">'
                f'<i style="width:{row["share"] / top:.1%};background:{palette[str(name)]}"></i></div>'
            ),
            int(row["images"]),
            f"{row['share']:.1%}",
            f"{row['ideal']:.1%}",
            f"{row['weight']:.2f}",
        ]
        for name, row in table.iterrows()
    ]
    return html.table(
        ["class", "", "images", "share", "even", "weight"],
        rows,
        numeric=[2, 3, 4, 5],
        caption="Class balance",
    )


def checks(manifest: pd.DataFrame, groups: Groups, ranking: pd.DataFrame | None) -> str:
    """What is known to be wrong, one row per check, with a verdict."""
    from fer_core.quality.mislabels import likely_wrong

    summary = groups.summary()
    table = groups.table
    across = int((table.groupby("group")["split"].nunique() > 1).sum()) if len(table) else 0
    unreadable = int((manifest["error"] != "").sum())
    blank = int(((manifest["error"] == "") & (manifest["contrast"] < 0.02)).sum())

    def row(name: str, count: int, unit: str, bad: str, verdict: html.Verdict = "bad") -> list[html.Cell]:
        return [name, f"{count:,} {unit}", html.chip(verdict, bad) if count else html.chip("good", "none")]

    rows = [
        row("copies across splits", across, "groups", "leak"),
        row("same picture, two labels", summary["conflicting_labels"], "groups", "conflict"),
        row("blank", blank, "images", "look", "look"),
        row("unreadable", unreadable, "files", "look", "look"),
    ]
    if ranking is None:
        rows.insert(2, ["wrong labels", "not ranked yet", html.chip("none", "unknown")])
    else:
        wrong = len(likely_wrong(ranking))
        share = wrong / max(len(ranking), 1)
        rows.insert(
            2, row("wrong labels, likely", wrong, "images", f"{share:.1%}", "bad" if share > 0.02 else "look")
        )
    return html.table(["check", "found", "verdict"], rows, numeric=[1], caption="Checks")


def leaks(table: pd.DataFrame) -> str:
    """The leak table: groups two splits share, in red; on the diagonal the extra copies within a split."""
    names = [str(name) for name in table.columns]
    rows: list[list[html.Cell]] = []
    for r, name in enumerate(names):
        row: list[html.Cell] = [name]
        for c, other in enumerate(names):
            count = int(table.to_numpy()[r, c])
            if c < r:
                row.append("")
            elif c == r or not count:
                row.append(count)
            else:
                row.append(
                    html.Raw(
                        f'<b style="color:#E03131" title="groups that are in {name} and in {other}">{count:,}</b>'
                    )
                )
        rows.append(row)
    return html.table(["", *names], rows, numeric=range(1, len(names) + 1), caption="Leaks between splits")

"""Tables of the explorer's overview, with numbers that lead to the faces behind them."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from fer_core.base.emotions import emotion_colors
from fer_core.base.tables import row_dicts
from fer_core.splits import balance
from fer_core.ui.components import markup, tables
from fer_core.ui.components.links import go

SHOW = "show"


def target(split: str = "", label: str = "") -> str:
    """Where a click on a number leads: `show|split|label`; "" is any."""
    return f"{SHOW}|{split}|{label}"


def splits_and_classes(counted: pd.DataFrame, shares: pd.DataFrame) -> str:
    """Counts per split and class, shaded by size, with each split's share against its target."""
    classes = [str(name) for name in counted.columns]
    top = max(int(counted.to_numpy().max()), 1) if counted.size else 1
    rows: list[list[markup.Cell]] = []
    shade: dict[tuple[int, int], float] = {}
    judged = {str(split): row for split, row in zip(shares.index, row_dicts(shares), strict=True)}
    for r, split in enumerate(map(str, counted.index)):
        numbers, share = [int(n) for n in counted.to_numpy()[r]], judged[split]
        known = pd.notna(share["target"])
        cells: list[markup.Cell] = [
            go(n, target(split, c), f"See {c} of {split}") if n else 0
            for c, n in zip(classes, numbers, strict=True)
        ]
        rows.append(
            [
                go(split, target(split), f"See the faces of {split}"),
                *cells,
                sum(numbers),
                f"{share['share']:.1%}",
                f"{share['target']:.0%}" if known else "",
                markup.chip(share["verdict"], share["words"]) if known else "",
            ]
        )
        shade |= {(r, c + 1): n / top for c, n in enumerate(numbers)}
    header = ["split", *classes, "all", "share", "target", ""]
    return markup.table(
        header, rows, numeric=range(1, len(classes) + 4), shade=shade, caption="Images per split and class"
    )


def drift(counted: pd.DataFrame) -> str:
    """Whether the class mix differs between splits, and what that does; "" where nothing can be compared."""
    found = balance.drift(counted)
    if found is None:
        return ""
    said = "".join(
        f'<div class="fer-callout">{markup.chip("warn", "mix")} <span>{markup.esc(words)}</span></div>'
        for words in balance.callouts(counted)
    )
    return f'<p style="margin:.7rem 0 .2rem">{tables.drift_line(found)}</p>{said}'


def class_balance(counted: pd.DataFrame) -> str:
    """Each class overall and per split against an even share, with the weight that would balance it."""
    table = balance.class_balance(counted)
    palette = emotion_colors(table.index)
    top = max(float(table["share"].max()), 1e-9) if len(table) else 1.0
    sums = counted.sum(axis=1)
    splits = [str(s) for s in counted.index if sums[s]] if len(counted) > 1 else []
    ideal = 1 / max(len(table), 1)
    rows: list[list[markup.Cell]] = []
    shade: dict[tuple[int, int], float] = {}
    for r, (name, row) in enumerate(table.iterrows()):
        label = str(name)
        within = [float(counted.loc[s, label] / sums[s]) for s in splits]
        mark = f"left:{min(ideal / top, 1):.1%}"
        bar = (
            f'<div class="fer-bar fer-ideal" style="min-width:80px"><i style="width:{row["share"] / top:.1%};'
            f'background:{palette[label]}"></i><s style="{mark}" title="even: {ideal:.1%}"></s></div>'
        )
        shade |= {
            (r, 5 + k): min(abs(share - ideal) / max(ideal, 1e-9), 1.0) for k, share in enumerate(within)
        }
        rows.append(
            [
                go(
                    markup.class_name(label, table.index),
                    target(label=label),
                    f"See the faces labelled {label}",
                ),
                Markup(bar),
                int(row["images"]),
                f"{row['share']:.1%}",
                _share_chip(float(row["share"]), ideal),
                *(f"{share:.1%}" for share in within),
                f"{row['weight']:.2f}",
            ]
        )
    header = ["class", "", "images", "share", "", *splits, "weight"]
    return markup.table(
        header,
        rows,
        numeric=range(2, len(header)),
        shade=shade,
        caption="Class balance, overall and per split",
    )


def _share_chip(share: float, ideal: float) -> Markup:
    word = balance.share_verdict(share, ideal)
    tip = f"{100 * (share - ideal):+.1f} points against an even share"
    return markup.chip("warn" if word in ("low", "high") else "good", word, tip)

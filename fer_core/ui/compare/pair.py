"""Two runs side by side: is B better than A, on what, and which faces."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fer_core.charts import curves as learning_curves
from fer_core.charts.evaluation import class_dumbbells
from fer_core.errors import FerError
from fer_core.evaluation import pair as pairs
from fer_core.evaluation.pair import Pair
from fer_core.runs.run import Run
from fer_core.ui import (
    compare_ablation,
    compare_data,
    compare_faces,
    compare_matrix,
    html,
    page,
    run_data,
    style,
)

_SETTINGS = 14  # shown before the rest is folded away


def draw(first: Run, second: Run, others: Sequence[Run], split: str, version: str, note: str = "") -> None:
    """Everything about B against A on a common split; `others` join the settings and the curves."""
    try:
        found: Pair | None = compare_data.pair(first, second, split, version)
    except FerError as error:
        found = None
        page.explain(error)
    tried = compare_ablation.tried(first, second)
    if found is not None:
        _verdict(found, first, second, split, note)
        _differences(found, [first, second, *others], version, tried)
        compare_ablation.card(first, second, tried, split, version)
        left, right = st.columns([1, 1.6], gap="small")
        with left, st.container(border=True):
            st.html(html.heading("Class by class", "F1, A orange, B blue"))
            spec = class_dumbbells(found.per_class(), dark=style.is_dark())
            st.vega_lite_chart(spec=spec, theme=None, key="cmp-classes")
        with right, st.container(border=True):
            _changed(found, first, version)
    else:
        with st.container(border=True):
            _settings([first, second, *others])
    with st.container(border=True):
        curves(first, [second, *others])


@st.fragment
def _differences(found: Pair, runs: Sequence[Run], version: str, tried: compare_ablation.Tried | str) -> None:
    """Settings, matrix and faces; a click draws these again and nothing else."""
    left, middle, right = st.columns([1, 1.1, 1.15], gap="small")
    with left, st.container(border=True):
        _settings(runs)
        compare_ablation.button(runs[0], runs[1], tried)
    with middle, st.container(border=True):
        cell = _matrix(found)
    with right, st.container(border=True):
        _cell(found, runs[0], version, *cell)


def _verdict(found: Pair, first: Run, second: Run, split: str, note: str) -> None:
    v = found.verdict
    low, high = (100 * end for end in v["interval"])
    better = v["difference"] > 0
    if v["told_apart"]:
        chip = html.chip("good" if better else "bad", "B is better" if better else "B is worse")
    else:
        chip = html.chip("look", "cannot be told apart")
    tip = f"p {v['p_bootstrap']:.2g} by paired bootstrap, {v['p_mcnemar']:.2g} by McNemar with every image for itself"
    left_out = f" · {found.left_out:,} images left out" if found.left_out else ""
    images = "test" if split == "test" else "validation"
    remark = f" · {html.esc(note)}" if note else ""
    facts = (
        f"{100 * v['difference']:+.1f} points [{low:+.1f}, {high:+.1f}] · p {v['p']:.2g} · "
        f"fixed {v['fixed']:,}, broke {v['broke']:,} of {v['images']:,} {images} images{left_out}{remark}"
    )
    title = f"B {html.esc(second.id)} against A {html.esc(first.id)}"
    st.html(
        f'<div class="fer-h" role="heading" aria-level="2" style="margin:.6rem 0 .1rem"><span>{title}</span>'
        f'{chip.text}<small title="{html.esc(tip)}">{facts}</small></div>'
    )


def _settings(runs: Sequence[Run]) -> None:
    table, total = pairs.settings(runs)
    st.html(html.heading("What differs", f"{len(table):,} of {total:,} settings"))
    if table.empty:
        st.html('<p class="fer-muted">Nothing: the same recipe and seed.</p>')
        return
    letters = "ABCDEFGH"
    header = ["setting", *(letters[i] if i < len(letters) else "·" for i in range(len(runs)))]
    body: list[list[html.Cell]] = [
        [str(name), *map(_breakable, row)] for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    numeric = range(1, len(runs) + 1)
    st.html(
        html.table(
            header, body[:_SETTINGS], numeric=() if _long(table) else numeric, caption="Settings that differ"
        )
    )
    if len(body) > _SETTINGS:
        with st.expander(f"{len(body) - _SETTINGS} more"):
            st.html(
                html.table(
                    header, body[_SETTINGS:], numeric=() if _long(table) else numeric, caption="More settings"
                )
            )


def _breakable(value: object) -> str:
    """Words that may wrap after an underscore."""
    return str(value).replace("_", "_\u200b") if len(str(value)) > 14 else str(value)


def _long(table: pd.DataFrame) -> bool:
    return bool(table.map(len).to_numpy().max() > 18)


def _matrix(found: Pair) -> tuple[str, str]:
    a, b = found.confusion("a"), found.confusion("b")
    st.html(html.heading("Confusion", "click a cell for its faces"))
    view = st.segmented_control(
        "Matrix",
        ["B − A", "A", "B", "both"],
        default="B − A",
        required=True,
        key="cmp-which",
        label_visibility="collapsed",
    )
    if view == "B − A":
        cell = compare_matrix.difference(
            a, b, found.classes, key="cmp-diff", label="Confusion of B minus A, images"
        )
        st.html('<p class="fer-muted">Images; green is better, red is worse.</p>')
        return cell
    if view == "both":
        # One above the other, and one cell chosen in both.
        for name, counts in (("A", a), ("B", b)):
            st.html(f'<p class="fer-muted" style="margin:0">{name}</p>')
            cell = compare_matrix.draw(
                counts, found.classes, key=f"cmp-both-{name}", label=f"Confusion of {name}", shared="cmp-both"
            )
        return cell
    return compare_matrix.draw(
        a if view == "A" else b, found.classes, key=f"cmp-matrix-{view}", label=f"Confusion of {view}"
    )


def _cell(found: Pair, run: Run, version: str, label: str, answer: str) -> None:
    rows = found.table[found.table["label"] == label]
    if label == answer:
        fixed = rows[(rows["a"] != label) & (rows["b"] == label)]
        broke = rows[(rows["a"] == label) & (rows["b"] != label)]
        words = f"{label}, read rightly"
    else:
        fixed = rows[(rows["a"] == answer) & (rows["b"] == label)]
        broke = rows[(rows["a"] == label) & (rows["b"] == answer)]
        words = f"{label} read as {answer}"
    st.html(html.heading(words, f"fixed {len(fixed):,}, broke {len(broke):,}"))
    for name, part, by in (("fixed", fixed, "p_a"), ("broke", broke, "p_b")):
        st.html(html.chip("good" if name == "fixed" else "bad", f"{name} by B").text)
        part = part.sort_values(by, ascending=False)
        compare_faces.show(
            run.workspace,
            run.dataset,
            version,
            part,
            key=f"cmp-{name}",
            label=f"{words}, {name}",
            caption=by,
            limit=10,
            size=56,
        )
    compare_faces.review_link(run, version, "Are the labels wrong? Review them", "cmp-review-cell")


@st.fragment
def _changed(found: Pair, run: Run, version: str) -> None:
    names = {"fixed": "B fixed", "broke": "B broke", "both": "both fail"}
    counts = {kind: found.changed(kind) for kind in names}
    kind = st.segmented_control(
        "Faces", list(names), default="both", required=True, key="cmp-changed", label_visibility="collapsed",
        format_func=lambda k: f"{names[k]} {len(counts[k]):,}",
    )  # fmt: skip
    table = counts[kind]
    by = "p_a" if kind == "fixed" else "p_b"
    said = "a" if kind == "fixed" else "b"
    table = table.assign(words=table["label"] + " → " + table[said])
    compare_faces.show(
        run.workspace,
        run.dataset,
        version,
        table,
        key="cmp-changed-faces",
        label=names[kind],
        caption=by,
        detail="words",
        size=72,
    )
    if kind == "both":
        st.html('<p class="fer-muted">Where both fail, the label is often wrong.</p>')
        compare_faces.review_link(run, version, "Review the labels", "cmp-review-both")


def curves(run: Run, others: Sequence[Run]) -> None:
    """Accuracy and loss by epoch, the validation curves of other runs dashed."""
    rows, best = run_data.rows(run), run_data.best(run)
    behind = {other.id: told for other in others if (told := run_data.rows(other))}
    if not rows:
        st.html('<p class="fer-muted">No epoch has ended.</p>')
        return
    words = f"best epoch marked{', ' + ', '.join(behind) + ' dashed' if behind else ''}"
    st.html(html.heading(f"Curves of {run.id}", words))
    for place, measure in zip(st.columns(2), ("accuracy", "loss"), strict=True):
        with place:
            st.html(f'<p class="fer-axis">{measure}</p>')
            spec = learning_curves.curve(
                rows, measure, best=int(best["epoch"]), others=behind, dark=style.is_dark()
            )
            st.vega_lite_chart(spec=spec, theme=None, key=f"cmp-{measure}")

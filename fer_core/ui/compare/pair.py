"""Two runs side by side: is B better than A, on what, and which faces."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fer_core.base.errors import FerError
from fer_core.charts.curves import curve
from fer_core.charts.evaluation import class_dumbbells
from fer_core.evaluation import run_pair
from fer_core.evaluation.data_axis import settings
from fer_core.evaluation.run_pair import RunComparison
from fer_core.runs.run import Run
from fer_core.ui.compare import ablation, cached_runs, faces
from fer_core.ui.components import confusion_matrix, markup, style
from fer_core.ui.shell import page, run_snapshots

_TABS = ["Confusion", "Class by class", "Faces", "Curves"]
_SETTINGS = 14  # shown before the rest is folded away


def draw(first: Run, second: Run, others: Sequence[Run], split: str, version: str, note: str = "") -> None:
    """Everything about B against A on a common split; `others` join the settings and the curves."""
    try:
        found: RunComparison | None = cached_runs.pair(first, second, split, version)
    except FerError as error:
        found = None
        page.show_error(error)
    tried = ablation.tried(first, second)
    _leaks([first, second], split)
    if found is not None:
        _verdict(found, first, second, split, note)
    with st.container(border=True):
        _settings([first, second, *others])
        ablation.button(first, second, tried)
    ablation.card(first, second, tried, split, version)
    if found is None:
        with st.container(border=True):
            curves(first, [second, *others])
        return
    confusion, classes, changed, learned = st.tabs(_TABS, key="cmp-pair-tab")
    with confusion:
        _differences(found, first, version)
    with classes:
        st.html(markup.heading("Class by class", "F1, A orange, B blue"))
        spec = class_dumbbells(found.per_class(), dark=style.is_dark())
        st.vega_lite_chart(spec=spec, theme=None, key="cmp-classes")
    with changed:
        _changed(found, first, version)
    with learned:
        curves(first, [second, *others])


@st.fragment
def _differences(found: RunComparison, first: Run, version: str) -> None:
    """Matrix and faces; a click draws these again and nothing else."""
    left, right = st.columns([1.1, 1.15], gap="medium")
    with left:
        cell = _matrix(found)
    with right:
        _cell(found, first, version, *cell)


def _verdict(found: RunComparison, first: Run, second: Run, split: str, note: str) -> None:
    v = found.verdict
    low, high = (100 * end for end in v["interval"])
    better = v["difference"] > 0
    if v["told_apart"]:
        chip = markup.chip("good" if better else "bad", "B is better" if better else "B is worse")
    else:
        chip = markup.chip("none", "not significant")
    tip = f"p {v['p_bootstrap']:.2g} by paired bootstrap, {v['p_mcnemar']:.2g} by McNemar with every image for itself"
    left_out = f" · {found.left_out:,} images left out" if found.left_out else ""
    images = "test" if split == "test" else "validation"
    remark = f" · {markup.esc(note)}" if note else ""
    facts = (
        f"{100 * v['difference']:+z.1f} points [{low:+z.1f}, {high:+z.1f}] · p {v['p']:.2g} · "
        f"fixed {v['fixed']:,}, broke {v['broke']:,} of {v['images']:,} {images} images{left_out}{remark}"
    )
    title = f"B {markup.esc(run_snapshots.title(second))} against A {markup.esc(run_snapshots.title(first))}"
    st.html(
        f'<div class="fer-h" role="heading" aria-level="2" style="margin:.6rem 0 .1rem"><span>{title}</span>'
        f'{chip}<small title="{markup.esc(tip)}">{facts}</small></div>'
    )


def _leaks(runs: Sequence[Run], split: str) -> None:
    """How much of what each earned on its own version is owed to copies of its training images; nothing where none leaked."""
    told = [cost for run in runs if (cost := cached_runs.own_leaks(run, split)) and cost.cost["leaked"]]
    for cost in told:
        said = f"<b>{'A' if cost.run == runs[0].id else 'B'}</b> {markup.esc(cost.words)}"
        st.html(
            f'<p class="fer-note" title="{markup.esc(cost.sentence)}">{markup.chip("bad", "leakage")} {said}</p>'
        )


def _settings(runs: Sequence[Run]) -> None:
    table, total = run_pair.differing_settings(runs)
    st.html(markup.heading("What differs", f"{len(table):,} of {total:,} settings"))
    if table.empty:
        st.html('<p class="fer-muted">Nothing: the same data, recipe and seed.</p>')
        return
    for run in runs[1:]:
        if data := settings.told(runs[0], run):
            st.html(f"<p>{markup.esc(f'{run_pair.TRAINING_DATA.capitalize()} {data}')}</p>")
    letters = "ABCDEFGH"
    header = ["setting", *(letters[i] if i < len(letters) else "·" for i in range(len(runs)))]
    body: list[list[markup.Cell]] = [
        [str(name), *map(_breakable, row)] for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    numeric = range(1, len(runs) + 1)
    st.html(
        markup.table(
            header, body[:_SETTINGS], numeric=() if _long(table) else numeric, caption="Settings that differ"
        )
    )
    if len(body) > _SETTINGS:
        with st.expander(f"{len(body) - _SETTINGS} more"):
            st.html(
                markup.table(
                    header, body[_SETTINGS:], numeric=() if _long(table) else numeric, caption="More settings"
                )
            )


def _breakable(value: object) -> str:
    """Words that may wrap after an underscore."""
    return str(value).replace("_", "_\u200b") if len(str(value)) > 14 else str(value)


def _long(table: pd.DataFrame) -> bool:
    return bool(table.map(len).to_numpy().max() > 18)


def _matrix(found: RunComparison) -> tuple[str, str]:
    """Draw the chosen view; the chosen cell, one for all views, as (label, answer).

    The first matrix of every view has the same key, so that changing the view changes it in place.
    """
    a, b = found.confusion("a"), found.confusion("b")
    st.html(markup.heading("Confusion", "click a cell for its faces"))
    view = st.segmented_control(
        "Matrix",
        ["B − A", "A", "B", "both"],
        default="B − A",
        required=True,
        key="cmp-which",
        label_visibility="collapsed",
    )
    if view == "B − A":
        cell = confusion_matrix.difference(
            a, b, found.classes, key="cmp-matrix-1", label="Confusion of B minus A, images", shared="cmp-cell"
        )
        st.html('<p class="fer-muted">Images; green is better, red is worse.</p>')
        return cell
    shown = {"A": a, "B": b} if view == "both" else {view: a if view == "A" else b}
    for number, (name, counts) in enumerate(shown.items(), 1):
        if view == "both":
            st.html(f'<p class="fer-muted" style="margin:0">{name}</p>')
        cell = confusion_matrix.draw(
            counts, found.classes, key=f"cmp-matrix-{number}", label=f"Confusion of {name}", shared="cmp-cell"
        )
    return cell


def _cell(found: RunComparison, run: Run, version: str, label: str, answer: str) -> None:
    rows = found.table[found.table["label"] == label]
    if label == answer:
        fixed = rows[(rows["a"] != label) & (rows["b"] == label)]
        broke = rows[(rows["a"] == label) & (rows["b"] != label)]
        words = f"{label}, predicted correctly"
    else:
        fixed = rows[(rows["a"] == answer) & (rows["b"] == label)]
        broke = rows[(rows["a"] == label) & (rows["b"] == answer)]
        words = f"{label} predicted as {answer}"
    st.html(markup.heading(words, f"fixed {len(fixed):,}, broke {len(broke):,}"))
    for name, part, by in (("fixed", fixed, "p_a"), ("broke", broke, "p_b")):
        st.html(markup.chip("good" if name == "fixed" else "bad", f"{name} by B"))
        part = part.sort_values(by, ascending=False)
        faces.show(
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
    faces.review_link(run, version, "Are the labels wrong? Review them", "cmp-review-cell")


@st.fragment
def _changed(found: RunComparison, run: Run, version: str) -> None:
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
    faces.show(
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
        faces.review_link(run, version, "Review the labels", "cmp-review-both")


def curves(run: Run, others: Sequence[Run]) -> None:
    """Accuracy and loss by epoch, the validation curves of other runs dashed."""
    rows, best = run_snapshots.rows(run), run_snapshots.best(run)
    behind = {run_snapshots.title(other): told for other in others if (told := run_snapshots.rows(other))}
    if not rows:
        st.html('<p class="fer-muted">No epoch has ended.</p>')
        return
    words = f"best epoch marked{', ' + ', '.join(behind) + ' dashed' if behind else ''}"
    st.html(markup.heading(f"Curves of {run_snapshots.title(run)}", words))
    for place, measure in zip(st.columns(2), ("accuracy", "loss"), strict=True):
        with place:
            st.html(f'<p class="fer-axis">{measure}</p>')
            spec = curve(rows, measure, best=int(best["epoch"]), others=behind, dark=style.is_dark())
            st.vega_lite_chart(spec=spec, theme=None, key=f"cmp-{measure}")

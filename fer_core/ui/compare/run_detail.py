"""One run in full: what it gets wrong, how far it can be trusted, what it is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from markupsafe import Markup

from fer_core.base.errors import FerError
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.reports.model_card import WEAK, confusions, easiest_and_hardest, reproduce, weak_classes
from fer_core.runs.records import ClassAreas, Scores
from fer_core.runs.run import Run
from fer_core.ui.compare import actions, cached_curves, cached_runs, calibration_card, cost, faces, pair
from fer_core.ui.components import confusion_matrix, markup, style
from fer_core.ui.shell import page, run_snapshots

_MEASURES = (
    ("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy"), ("macro_precision", "macro precision"),
    ("macro_recall", "macro recall"), ("macro_f1", "macro F1"), ("weighted_f1", "weighted F1"), ("top2", "top 2"),
    ("kappa", "Cohen's kappa"), ("log_loss", "log loss, nats"), ("brier", "Brier, 0 to 2"), ("ece", "calibration error"),
)  # fmt: skip


_TABS = ["Errors", "Scores", "Calibration", "Curves", "Cost and recipe"]


def draw(run: Run, row: LeaderboardRow, split: str, version: str, number: int | None) -> None:
    """The panel of one run on a split of a version and its number; `row` is its own of the leaderboard."""
    try:
        found = cached_runs.details(run, split, version)
        table = cached_runs.answered(run, split, version)
    except FerError as error:
        _head(run, row, "")
        if run.active:
            page.empty(f"{run_snapshots.title(run)} is {run.state}", "Its scores stand here when it ends.")
        else:
            page.empty(f"{run_snapshots.title(run)} has no scores here", str(error))
        with st.container(border=True):
            pair.curves(run, [])
        return
    where = "test" if split == "test" else "validation"
    left_out = f", {found['seen']:,} left out that it has learned from" if found.get("seen") else ""
    _head(run, row, f"{where} of version {number or version[:6]}, {found['images']:,} images{left_out}")
    errors, scores, trust, learned, made = st.tabs(_TABS, key="cmp-run-tab")
    with errors:
        _errors(run, found, table, version)
        wrong = table[table["said"] != table["label"]].sort_values("sure", ascending=False)
        wrong = wrong.assign(words=wrong["label"] + " → " + wrong["said"])
        st.html(
            markup.heading("Most confident errors", f"{len(wrong):,} errors; probability, label → answer")
        )
        faces.show(run.workspace, run.dataset, version, wrong, key="cmp-confident", label="Most confident errors",
                           detail="words", limit=10, size=92)  # fmt: skip
        faces.review_link(run, version, "Are the labels wrong? Review them", "cmp-review")
    with scores:
        left, right = st.columns([1.5, 1], gap="medium")
        with left:
            _classes(found)
            _mistakes(found)
        with right:
            _measures(found)
        _class_curves(run, version, split)
    with trust:
        calibration_card.draw(run, version, split)
    with learned:
        pair.curves(run, [])
    with made:
        cost.card(run)
        _made_of(run)


def _head(run: Run, row: LeaderboardRow, about: str) -> None:
    """Its name, what it is judged by, and the way to use it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        title = markup.esc(run_snapshots.title(run))
        st.html(
            f'<div class="fer-h" role="heading" aria-level="2" style="margin:.6rem 0 .1rem">{title}'
            f"<small>{markup.esc(about)}</small></div>"
        )
        actions.promote(run, row)


@st.fragment
def _errors(run: Run, found: Scores, table: pd.DataFrame, version: str) -> None:
    """Matrix and faces; a click draws these two again and nothing else."""
    left, right = st.columns([1.05, 1], gap="small")
    with left, st.container(border=True):
        label, answer = _matrix(found)
    with right, st.container(border=True):
        _faces(run, table, version, label, answer)


def _matrix(found: Scores) -> tuple[str, str]:
    counts, names = np.asarray(found["confusion"]["counts"], np.int64), found["confusion"]["classes"]
    st.html(markup.heading("Confusion matrix", "row: label, column: answer; click a cell for its faces"))
    view = st.segmented_control(
        "Cells",
        confusion_matrix.VIEWS,
        default="counts",
        required=True,
        key="cmp-view",
        label_visibility="collapsed",
    )
    return confusion_matrix.draw(counts, names, key="cmp-one", label="Confusion matrix", view=view)


def _faces(run: Run, table: pd.DataFrame, version: str, label: str, answer: str) -> None:
    cell = table[(table["label"] == label) & (table["said"] == answer)].sort_values("sure", ascending=False)
    words = f"{label}, predicted as {answer}" if label != answer else f"{label}, predicted correctly"
    st.html(markup.heading(words, f"{markup.plural(len(cell), 'image')}, the surest first"))
    faces.show(run.workspace, run.dataset, version, cell, key="cmp-faces", label=words, limit=21)


def _classes(found: Scores) -> None:
    areas = found.get("areas", {})
    body: list[list[markup.Cell]] = []
    weak = weak_classes(found)
    for name, row in found["per_class"].items():
        area: ClassAreas = areas.get(name, {"auc": None, "average_precision": None})
        body.append(
            [
                markup.class_name(name, found["per_class"]),
                f"{row['precision']:.3f}",
                f"{row['recall']:.3f}",
                Markup(f"<b>{row['f1']:.3f}</b>") if name in weak else f"{row['f1']:.3f}",
                *(
                    "–" if value is None else f"{value:.3f}"
                    for value in (area["auc"], area["average_precision"])
                ),
                int(row["support"]),
            ]
        )
    chips = [markup.chip("warn", f"weak: {', '.join(weak)}", f"F1 below {WEAK}")] if weak else []
    ends = easiest_and_hardest(found)
    said = (
        f"easiest: {ends[0][0]}, {ends[0][1]:.0%} recognised; hardest: {ends[1][0]}, {ends[1][1]:.0%}"
        if ends
        else ""
    )
    st.html(
        markup.heading("Class by class", said, *chips)
        + markup.table(
            ["class", "precision", "recall", "F1", "ROC", "AP", "images"],
            body,
            numeric=range(1, 7),
            caption="Scores per class",
        )
    )


def _measures(found: Scores) -> None:
    limits = found.get("intervals", {})
    numbers = {name: value for name, value in found.items() if isinstance(value, int | float)}
    body: list[list[markup.Cell]] = []
    for key, words in _MEASURES:
        if key in numbers:
            ends = f"{limits[key][0]:.3f} to {limits[key][1]:.3f}" if key in limits else ""
            body.append([words, f"{numbers[key]:.3f}", ends])
    votes = found.get("votes")
    if votes and votes["agreement"] is not None:
        body.append(
            [
                "agrees with the majority of votes",
                f"{votes['agreement']:.3f}",
                f"labels {votes['label_agreement']:.3f}",
            ]
        )
        body.append(
            ["cross-entropy to the votes", f"{votes['cross_entropy']:.3f}", f"least {votes['entropy']:.3f}"]
        )
    copies = (
        f"{found['copies']:,} copies counted with their picture" if found.get("copies") else "95 % intervals"
    )
    st.html(
        markup.heading("Scores", copies)
        + markup.table(["score", "", "95 %"], body, numeric=[1, 2], caption="Scores")
    )


def _mistakes(found: Scores) -> None:
    rows = confusions(found)
    body: list[list[markup.Cell]] = [
        [
            f"{r.label} predicted as {r.answer}",
            f"{r.images:,}",
            f"{r.share:.0%}",
            f"{r.of_errors:.0%}",
        ]
        for r in rows
    ]
    st.html(markup.heading("Top confusions"))
    if body:
        st.html(
            markup.table(
                ["", "images", "of label", "of errors"], body, numeric=[1, 2, 3], caption="Top confusions"
            )
        )
    else:
        st.html('<p class="fer-muted">No mistakes.</p>')


def _class_curves(run: Run, version: str, split: str) -> None:
    st.html(markup.heading("Each class against the others", "ROC; precision against recall"))
    for place, kind in zip(st.columns(2, gap="medium"), ("roc", "pr"), strict=True):
        spec = cached_curves.class_figure(run, split, version, kind, style.is_dark())
        with place:
            if spec is None:
                st.html('<p class="fer-muted">One class alone has no curve.</p>')
            else:
                st.vega_lite_chart(spec=spec, theme=None, key=f"cmp-curves-{kind}")


def _made_of(run: Run) -> None:
    info = run.info
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True):
        st.html(markup.heading("Again", "the command that trains this run"))
        st.code(reproduce(run), language="sh", wrap_lines=True)
        packages = info.get("packages") or {}
        st.html(
            markup.facts(
                [
                    (
                        "dataset",
                        f"{run.dataset}, version {info.get('version_number') or '?'} ({run.version})",
                    ),
                    ("device", str(info.get("device") or "unknown")),
                    ("backend", str(info.get("backend") or "unknown")),
                    ("code", str(info.get("code") or "unknown")),
                    ("packages", ", ".join(f"{k} {v}" for k, v in packages.items()) or "unknown"),
                    ("seed", str(info.get("seed"))),
                ]
            )
        )
    with right, st.container(border=True):
        st.html(markup.heading("Recipe", str(info.get("recipe") or "")))
        try:
            text = (run.folder / "recipe.toml").read_text(encoding="utf-8")
        except OSError:
            text = "recipe.toml cannot be read"
        st.code(text, language="toml", wrap_lines=True)

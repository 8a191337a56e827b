"""The leaderboard card: what to judge by, which runs, which columns; and the numbers that sum it up."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.evaluation import leaderboard, ledger
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.evaluation.ranking import Ranking
from fer_core.reports.model_card import confusions
from fer_core.runs import run_annotations
from fer_core.runs.run import Run
from fer_core.splits import leaks
from fer_core.ui.compare import actions, cached_runs, leaderboard_rows, picked_runs
from fer_core.ui.compare.cached_runs import RunIds
from fer_core.ui.components import leaderboard_table, markup
from fer_core.ui.components.leaderboard_table import Column, Line
from fer_core.ui.shell import run_snapshots
from fer_core.ui.shell.page import Scope

SPLITS = {"val": "validation", "test": "test"}
"""What the parts one can judge by are called."""


@dataclass(frozen=True)
class LeaderboardView:
    """What the person chose: rows in view, split, version (id and number), folding of seeds, and columns.

    `stamps` are those of `leaderboard.rows_with_stamps`, by run.
    """

    rows: list[LeaderboardRow]
    stamps: Mapping[str, tuple[int, ...]]
    split: str
    version: str
    number: int
    fold: bool
    columns: list[Column]
    common: bool = False


@dataclass(frozen=True)
class Judged:
    """What came of it: the lines, the ranks, what was ranked, runs with predictions here, and runs of other versions.

    `key` is equal where all of it is; `peeked` counts runs whose choices followed a look at the test split; `names` are
    how people call the first run of every line.
    """

    key: str
    peeked: int
    lines: list[Line]
    ranked: Ranking
    entries: list[RunIds] = field(default_factory=list)
    judged: list[Run] = field(default_factory=list)
    elsewhere: list[Run] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)


def choose(
    scope: Scope, rows: list[LeaderboardRow], stamps: Mapping[str, tuple[int, ...]]
) -> LeaderboardView:
    """Draw the head of the card and its controls."""
    numbers = {version.id: version.number for version in scope.dataset.versions()}
    usual = Counter(str(row["version"]) for row in rows if row["val_accuracy"] is not None)
    usual.update(name for row in rows for name in row["on"])
    versions = sorted(usual, key=lambda v: -numbers.get(v, 0)) or [scope.version.id]
    first = (
        scope.version.id
        if scope.version.id in versions
        else usual.most_common(1)[0][0]
        if usual
        else versions[0]
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = st.selectbox(
            "Judged on", versions, index=versions.index(first), width=190,
            key=f"cmp-version-{scope.version.id}", persist_state="session",
            format_func=lambda v: f"version {numbers[v]}" if v in numbers else f"{v[:6]}, deleted",
        )  # fmt: skip
        split = st.segmented_control(
            "Split", list(SPLITS), default="val", required=True, key="cmp-split", persist_state="session",
            format_func=SPLITS.__getitem__,
        )  # fmt: skip
        fold = st.toggle(
            "Seeds as one row", True, key="cmp-fold", persist_state="session",
            help="Runs that differ in their seed alone: mean ± deviation",
        )  # fmt: skip
        with st.popover("Columns", icon=":material/view_column:", key="cmp-columns"):
            names = list(leaderboard_rows.OPTIONAL)
            kept = st.pills(
                "Columns", names, selection_mode="multi", default=leaderboard_rows.DEFAULT, key="cmp-column-names",
                persist_state="session",
                format_func=lambda c: leaderboard_rows.NAMES.get(c, leaderboard_rows.OPTIONAL[c].label),
                label_visibility="collapsed",
            )  # fmt: skip
        with st.popover("Filter", icon=":material/filter_list:", key="cmp-filter"):
            rows = _filtered(rows)
    columns = [leaderboard_rows.OPTIONAL[name] for name in names if name in kept]
    common = bool(st.session_state.get(actions.COMMON, False))
    return LeaderboardView(rows, stamps, split, version, numbers.get(version, 0), fold, columns, common)


def _filtered(rows: list[LeaderboardRow]) -> list[LeaderboardRow]:
    named = sorted({row["recipe"] for row in rows if row["recipe"]})
    keep: Any = {"persist_state": "session"}
    recipes = st.multiselect("Recipes", named, key="cmp-f-recipe", placeholder="all", **keep)
    states = st.multiselect(
        "States", sorted({str(row["state"]) for row in rows}), key="cmp-f-state", placeholder="all", **keep
    )
    known = sorted({str(t) for row in rows for t in row["tags"]})
    tags = st.multiselect("Tags", known, key="cmp-f-tags", placeholder="any", **keep)
    starred = st.toggle("Starred alone", key="cmp-f-star", **keep)
    archived = st.toggle("Archived too", key="cmp-f-archived", **keep)
    return [
        row
        for row in rows
        if (not recipes or str(row["recipe"]) in recipes)
        and (not states or str(row["state"]) in states)
        and (not tags or set(tags) & set(map(str, row["tags"])))
        and (not starred or row["star"])
        and (archived or not row["archived"])
    ]


def judge(scope: Scope, view: LeaderboardView) -> Judged:
    """Rank what can be ranked on the chosen version and split; kept while no run, look or decision changes it."""
    shown = actions.shown(view.version) if view.split == "test" else set()
    log = ledger.reads(scope.workspace)
    folder = scope.workspace.runs
    facts = [
        (
            row["run"],
            view.stamps[row["run"]],
            cached_runs.stamp(Run(folder / row["run"]), view.split, view.version),
        )
        for row in view.rows
    ]
    asked = (
        str(scope.workspace.root),
        scope.dataset.name,
        scope.dataset.head,
        view.version,
        view.split,
        view.fold,
        view.common,
    )
    told = [
        leaks.stamp(scope.dataset, version) for version in sorted({str(row["version"]) for row in view.rows})
    ]
    key = hashlib.blake2b(
        repr((asked, facts, sorted(shown), len(log), told)).encode(), digest_size=16
    ).hexdigest()
    return _judge(key, scope, view, shown, log)


@st.cache_resource(max_entries=24, show_spinner=False)
def _judge(
    key: str, _scope: Scope, _view: LeaderboardView, _shown: set[str], _log: Sequence[ledger.TestRead]
) -> Judged:
    scope, view, shown, folder = _scope, _view, _shown, _scope.workspace.runs
    here, why, elsewhere, judged = [], {}, [], []
    for row in view.rows:
        run = Run(folder / str(row["run"]))
        if view.version not in (row["version"], *row["on"]):
            number = f"version {row['number']}" if row["number"] else "another version"
            why[str(row["run"])] = f"Trained and scored on {number}"
            if (run.folder / "model.onnx").is_file() and not row["archived"]:
                elsewhere.append(run)
            continue
        if not cached_runs.stamp(run, view.split, view.version):
            why[str(row["run"])] = row["problem"] or f"No {SPLITS[view.split]} predictions ({row['state']})"
            continue
        judged.append(run)
        if view.split == "test" and run.id not in shown:
            why[str(row["run"])] = "The test result is hidden"
            continue
        here.append(row)
    groups = leaderboard.group_seeds(here, view.fold)
    entries = [leaderboard_rows.entry(group) for group in groups]
    ranked = cached_runs.ranked(
        scope.workspace, scope.dataset.name, entries, view.split, view.version, view.common
    )
    rest = leaderboard.group_seeds([row for row in view.rows if str(row["run"]) in why], False)
    lines = leaderboard_rows.lines(
        scope.workspace, [*groups, *rest], ranked, why, scope.dataset.head, view.version
    )
    peeked = sum(not ledger.standing(scope.workspace, row, _log).clean for row in view.rows)
    numbers = {line.id: run_snapshots.number(line.id) for line in lines}  # the name of several seeds has none
    names = {line.id: f"{(n := numbers[line.id])} {line.name.removeprefix(n + ' ')}" for line in lines}
    return Judged(key, peeked, lines, ranked, entries, judged, elsewhere, names)


@st.cache_resource(max_entries=24, show_spinner=False)
def _packed(key: str, columns: tuple[str, ...], _lines: Sequence[Line]) -> str:
    return leaderboard_table.pack(_lines, columns)


def table(scope: Scope, view: LeaderboardView, found: Judged) -> list[str]:
    """Draw the leaderboard; the ids of the picked rows, A first."""
    ranked = found.ranked
    about = f"{SPLITS[view.split]} of version {view.number or view.version[:6]}"
    if ranked.images:
        about += f", {ranked.images:,} images"
    if ranked.seen or 0 < ranked.images < ranked.whole:
        without = ranked.whole - ranked.images - ranked.seen
        out = [f"{ranked.seen:,} that a ranked run has learned from"] * bool(ranked.seen)
        out += [f"{without:,} without an answer"] * bool(without)
        about += f" of {ranked.whole:,}; left out: {', '.join(out)}"
    left, right = st.columns([5, 1], vertical_alignment="center")
    with left:
        st.html(markup.heading("Leaderboard", about))
    with (
        right,
        st.container(horizontal=True, horizontal_alignment="right"),
        st.popover("Export", icon=":material/download:", key="cmp-export"),
    ):
        known = {line.id for line in found.lines}
        chosen = [Run(scope.workspace.runs / n) for n in st.session_state.get("cmp-picked", []) if n in known]
        title = f"{scope.dataset.name}: {about}"
        actions.export(found.lines, view.columns, title, chosen, view.split, view.version)
    actions.common_part(ranked, view.common)
    columns = [
        Column("rank", "rank", "num", "1 + the number of runs that are better beyond doubt; = is shared"),
        Column("interval", f"{SPLITS[view.split]} accuracy, 95 %", "interval"),
        Column("accuracy", "", "num", "Accuracy, with the deviation over seeds"),
        *leaderboard_rows.telling(view.columns, found.lines),
    ]
    ends = [line.cells["interval"].ends for line in found.lines]
    low, high = min((e[0] for e in ends if e), default=0.0), max((e[2] for e in ends if e), default=1.0)
    ids = {line.id for line in found.lines}
    picked = picked_runs.current(ids, arrived=scope.arrived)
    clicked, starred = leaderboard_table.draw(
        _packed(found.key, tuple(column.key for column in columns), found.lines),
        columns,
        picked,
        ids,
        domain=(low, max(high, low + 0.01)),
        key="cmp-board",
        label="Leaderboard of training runs",
    )
    if clicked:
        picked.remove(clicked) if clicked in picked else picked.append(clicked)
        picked_runs.tell(picked)
        st.rerun()
    if starred:
        run = Run(scope.workspace.runs / starred)
        run_annotations.annotate(run, star=not run_annotations.read(run)["star"])
        st.rerun()
    hint = "Choose one run to open it, two to hold them against each other."
    if any(line.cells["rank"].text.endswith("=") for line in found.lines):
        hint += " Runs with “=” do not differ significantly: McNemar's test on the same images, corrected for all pairs."
    st.html(f'<p class="fer-muted">{hint}</p>')
    return list(picked)


def numbers(scope: Scope, view: LeaderboardView, found: Judged) -> list[tuple[markup.Cell, str]]:
    """The five numbers that matter."""
    versions = len({str(row["version"]) for row in view.rows})
    items: list[tuple[markup.Cell, str]] = [
        (
            len(view.rows),
            f"{'run' if len(view.rows) == 1 else 'runs'} on {markup.plural(versions, 'version')}",
        )
    ]
    best = [line for line in found.lines if not line.muted]
    if best:
        ends = best[0].cells["interval"].ends or (0.0, 0.0, 0.0)
        items.append((best[0].cells["accuracy"].text, f"{best[0].name}, {ends[0]:.3f} to {ends[2]:.3f}"))
        items.append(_lead(best))
        items.append(_confused(scope, view, best[0].id))
    items.append((found.peeked, "tuned after seeing test"))
    return items


def _lead(best: Sequence[Line]) -> tuple[markup.Cell, str]:
    if len(best) < 2:
        return "–", "nothing to compare with"
    first, second = (line.cells["interval"].sort for line in best[:2])
    gain = 100 * (float(first or 0) - float(second or 0))
    told = best[0].cells["rank"].text != best[1].cells["rank"].text
    return f"{gain:+z.1f}", f"points over {best[1].name}, {'significant' if told else 'not significant'}"


def _confused(scope: Scope, view: LeaderboardView, run: str) -> tuple[markup.Cell, str]:
    try:
        found = cached_runs.details(Run(scope.workspace.runs / run), view.split, view.version)
    except FerError:
        return "–", "top confusion of the best"
    top = confusions(found, 1)
    if not top:
        return "none", "errors of the best"
    return f"{top[0].label} → {top[0].answer}", f"{top[0].of_errors:.0%} of the errors of the best"

"""The choices of a new split: ratios or folds, what stays together, what is balanced; and the plan they give."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from fer_core.base.errors import FerError
from fer_core.data.manifest import counts
from fer_core.splits import strata, stratify, subjects
from fer_core.splits.propose import subject_column, together_options
from fer_core.splits.stratify import SplitPlan
from fer_core.ui.components import markup
from fer_core.ui.duplicates import cached_groups
from fer_core.ui.shell import near_copies, page
from fer_core.ui.stratify import reach

ONE, FOLDS = "train / val / test", "folds"
_NOTHING, _COLUMN, _PATTERN = "nothing else", "column", "pattern"
_BANDS = {"source": "source", "brightness": "brightness, in five bands", "mode": "gray and colour"}


def card(scope: page.Scope) -> SplitPlan | None:
    """Draw the choices and make the plan; None where near copies have to be looked for first.

    Raises:
        FerError: choices that give no split.
    """
    with st.container(border=True):
        st.html(markup.heading("How to split"))
        form, ratios, folds = _parts()
        seed = int(
            st.number_input(
                "Seed",
                0,
                2**31 - 1,
                42,
                key="strat-seed",
                persist_state="session",
                help="The same seed gives the same splits on any machine.",
            )
        )
        together = st.toggle(
            "Keep near copies together",
            value=True,
            key="strat-near",
            persist_state="session",
            help="Equal pictures always stay on one side; this keeps shifted, brightened and mirrored copies there too.",
        )
        distance = reach.choose(disabled=not together)
        keep_test = st.toggle(
            "Keep the test split as it is",
            key="strat-keep",
            persist_state="session",
            disabled="test" not in counts(scope.manifest).index,
            help="Results stay comparable with older ones. Copies of test images are set aside.",
        )
        with st.expander("Subjects, balance, cap"):
            own, pattern = _subjects(scope.manifest, scope.version.id)
            balance = _balance(scope.manifest)
            cap = _cap(scope.manifest)
    groups: list[str | pd.Series] = [] if own is None else [own]
    if together:
        near = cached_groups.together(scope.dataset, scope.version.id, distance)
        if near is None:
            near_copies.panel(scope)
            return None
        groups += [near] if len(near) else []
    if form == FOLDS:
        plan = stratify.stratify_folds(
            scope.manifest, folds, seed, groups, balance=balance, keep_test=keep_test, cap=cap
        )
    else:
        plan = stratify.stratify(
            scope.manifest, ratios, seed, groups, balance=balance, keep_test=keep_test, cap=cap
        )
    column = own if isinstance(own, str) else None
    kept = together_options("mirrored" if together else "exact", distance, column, pattern)
    return replace(plan, options=plan.options | kept)


@st.cache_data(max_entries=8, show_spinner=False)
def _suggested(version: str, _manifest: pd.DataFrame) -> dict[str, str]:
    """Patterns that tell subjects apart in a version, with words; the table is named by the version."""
    return dict(subjects.suggestions(_manifest))


def _parts() -> tuple[str, tuple[int, int, int], int]:
    """What is made (`ONE` or `FOLDS`), the ratios of the one and the number of the others."""
    form = st.segmented_control(
        "What to make",
        [ONE, FOLDS],
        default=ONE,
        key="strat-form",
        persist_state="session",
        label_visibility="collapsed",
    )
    if form != FOLDS:
        return ONE, _ratios(), 5
    folds = st.number_input(
        "Folds",
        2,
        20,
        5,
        key="strat-folds",
        persist_state="session",
        help="Each fold also becomes a version: it is val, the rest train.",
    )
    return FOLDS, (80, 10, 10), int(folds)


def _ratios() -> tuple[int, int, int]:
    columns = st.columns(3)
    train = columns[0].number_input("train %", 0, 100, 80, key="strat-train", persist_state="session")
    val = columns[1].number_input("val %", 0, 100, 10, key="strat-val", persist_state="session")
    test = columns[2].number_input("test %", 0, 100, 10, key="strat-test", persist_state="session")
    return train, val, test


def _subjects(manifest: pd.DataFrame, version: str) -> tuple[str | pd.Series | None, str | None]:
    """What else stays on one side, with what a pattern would find; and the pattern."""
    columns = [name for name in ("subject", "group") if name in manifest and (manifest[name] != "").any()]
    known = {f"{_COLUMN}:{name}": f"images of one {name} (a column)" for name in columns}
    known |= _suggested(version, manifest)
    options = [_NOTHING, *known, _PATTERN]
    own = subject_column(manifest)
    chosen = st.selectbox(
        "Keep together, besides copies",
        options,
        index=options.index(f"{_COLUMN}:{own}") if own else 0,
        format_func=lambda key: {_NOTHING: "nothing else", _PATTERN: "by a pattern of mine"}.get(
            key, known.get(key, key)
        ),
        key="strat-subject",
        persist_state="session",
        help="One person, or one video, on both sides makes the test easier than the world.",
    )
    if chosen == _NOTHING:
        return None, None
    if chosen.startswith(f"{_COLUMN}:"):
        return str(chosen.partition(":")[2]), None
    pattern = str(chosen)
    if chosen == _PATTERN:
        pattern = st.text_input(
            "Pattern",
            key="strat-pattern",
            persist_state="session",
            placeholder=r"(\w+)_\d+",
            help="A regular expression searched in every path; its first group is the subject.",
        )
    if not pattern:
        return None, None
    try:
        _preview(subjects.preview(manifest, pattern))
        return subjects.from_pattern(manifest, pattern), pattern
    except FerError as error:
        page.show_error(error)
        st.stop()


def _preview(found: subjects.SubjectPreview) -> None:
    """What the pattern would keep together."""
    largest, name = found.largest
    st.html(
        markup.facts(
            [
                ("files it matches", f"{found.matched:,} of {found.images:,}"),
                ("subjects", f"{found.subjects:,}, {found.alone:,} of one image"),
                ("largest", f"{name}, {markup.plural(largest, 'image')}"),
                ("subjects that cross splits now", found.across),
            ]
        )
    )
    lines = [
        f"<li>{markup.esc(path)} → <b>{markup.esc(subject)}</b></li>" for path, subject in found.found[:3]
    ]
    lines += [f"<li>{markup.esc(path)}: no subject</li>" for path in found.missed[:2]]
    lines += [f"<li>{markup.esc(warning)}</li>" for warning in found.warnings]
    st.html(f'<ul class="fer-notes">{"".join(lines)}</ul>')


def _balance(manifest: pd.DataFrame) -> list[str]:
    """Columns to balance besides the class: those of more than one value."""
    offered = [
        name
        for name in strata.BALANCE
        if name != strata.CLASS and strata.values(manifest, name).nunique() > 1
    ]
    return st.pills(
        "Balance, besides the class",
        offered,
        selection_mode="multi",
        format_func=_BANDS.__getitem__,
        key="strat-balance",
        persist_state="session",
    )


def _cap(manifest: pd.DataFrame) -> int | None:
    largest = int(counts(manifest).sum().max())
    if not st.toggle(
        "Cap the classes",
        key="strat-cap",
        persist_state="session",
        help="What is over it is set aside, second copies first.",
    ):
        return None
    return int(
        st.number_input(
            "Images of a class, at most", 1, largest, largest, key="strat-cap-at", persist_state="session"
        )
    )

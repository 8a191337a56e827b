"""How alike counts as a copy: the dial, what it finds at each step, sample pairs, and the job that compares."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core.base.tables import row_dicts
from fer_core.charts.copies import copies_by_distance
from fer_core.duplicates.correlation import MIN_CORRELATION, MIN_TURNED
from fer_core.duplicates.groups import is_same, sample_pairs
from fer_core.duplicates.reach import ALL_PAIRS, DISTANCE, STEPS, method_name, recall
from fer_core.duplicates.reframed import MIN_REFRAMED
from fer_core.duplicates.scan_store import stored_reach
from fer_core.ui.components import face_sheet, markup
from fer_core.ui.components.face_sheet import Frame, SheetFace
from fer_core.ui.duplicates import cached_groups
from fer_core.ui.shell import cache, near_copies, page

_KEY = "dup-distance"


def distance() -> int:
    """The distance in use."""
    chosen = st.session_state.get(_KEY)
    return int(chosen) if chosen is not None else DISTANCE


def card(scope: page.Scope) -> None:
    """The dial; or, before anything is compared, the button that compares."""
    pairs = cached_groups.pairs(scope.dataset, scope.version.id)
    if pairs is None:
        near_copies.panel(scope, cached_groups.kinds())
        if cached_groups.kinds() != cached_groups.USUAL:
            _rotated()
        return
    table = cached_groups.distance_steps(scope.dataset, scope.version.id)
    with st.container(border=True):
        st.html(markup.heading("How alike counts as a copy?"))
        chart = copies_by_distance(table, chosen=distance(), dark=_dark())
        st.altair_chart(chart, width="stretch", key="dup-reach")
        st.segmented_control(
            "Bits by which hashes may differ",
            STEPS,
            default=DISTANCE,
            key=_KEY,
            persist_state="session",
            help="Hash distance, pHash",
        )
        up_to = stored_reach(scope.dataset, cached_groups.kinds())
        step = table[table["distance"] == distance()].iloc[0]
        st.html(_words(step, up_to))
        _rotated()
        new = int(step["confirmed"]) + int(step["refused"])
        if st.button(
            "See pairs at this step",
            key="dup-pairs",
            icon=":material/compare:",
            disabled=not new,
            help=None if new else "No pairs are new at this step",
        ):
            _sample(scope, pairs, distance())


def _rotated() -> None:
    help_ = "By 90, 180 or 270 degrees; three times the comparisons, once"
    st.toggle("Rotated copies too", key=cached_groups.ROTATED, persist_state="session", help=help_)


def _dark() -> bool:
    return bool(st.context.theme.type == "dark")


def _words(step: pd.Series, up_to: int) -> str:
    """What this reach finds, and what share of all copies it is known to find."""
    chosen = int(step["distance"])
    text = (
        f"Up to {chosen} bits: {int(step['pairs']):,} confirmed pairs; {int(step['groups']):,} groups in all, "
        f"{int(step['near_groups']):,} of them not just equal pixels; largest {int(step['largest']):,}. "
        f"Compared: {method_name(up_to)}; new at this step {int(step['confirmed']):,} are the same picture by correlation, "
        f"{int(step['refused']):,} nearly. Of all copies known in FER2013 this reach finds "
        f"{recall(min(chosen, up_to), up_to >= ALL_PAIRS):.1%}."
    )
    return f'<p class="fer-muted">{markup.esc(text)}</p>'


@st.dialog("Pairs at this step", width="medium")
def _sample(scope: page.Scope, pairs: pd.DataFrame, step: int) -> None:
    """The most doubtful pairs on both sides of the limit."""
    chosen = sample_pairs(pairs, step, 8, above=max((s for s in STEPS if s < step), default=-1))
    rows = scope.manifest.drop_duplicates("pixel_hash").set_index("pixel_hash")
    st.html(
        f'<p class="fer-note">Two by two, the doubtful first. A pair is a copy from r = {MIN_CORRELATION:.2f} '
        f"({MIN_TURNED:.2f} if mirrored) after moving one by up to two pixels, and from {MIN_REFRAMED:.2f} after moving, "
        "resizing and turning it further.</p>"
    )
    shown: list[SheetFace] = []
    numbers: list[int] = []
    for number, pair in enumerate(row_dicts(chosen.assign(same=is_same(chosen)))):
        good = pair["same"]
        frame: Frame = "keep" if good else "flagged"
        for end in ("first", "second"):
            row = rows.loc[pair[end]]
            words = f"{'same' if good else 'not'} · r {pair['correlation']:.2f}"
            kind = f"{pair['kind']}{', in another frame' * pair['framed']}"
            shown.append(SheetFace(f"{number}-{end}", words, f"{kind} · {row['label']}", frame))
            numbers.append(int(row["row"]))
    pixels = cache.faces(scope.dataset, numbers)
    face_sheet.sheet(pixels, shown, key="dup-sample", label="Sample pairs", size=120, clickable=False)

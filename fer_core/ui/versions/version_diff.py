"""What differs between two versions, with the faces behind every number."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fer_core.base.tables import row_dicts
from fer_core.data.dataset import Dataset
from fer_core.data.diff import Diff, diff
from fer_core.data.versions import Version
from fer_core.ui.components import face_sheet, markup, version_text
from fer_core.ui.components.face_sheet import SheetFace, file_name
from fer_core.ui.shell import cache, page
from fer_core.ui.shell.page import Scope

PER_PAGE = 36
_KINDS = ("relabelled", "moved", "added", "removed")


def draw(scope: Scope, versions: Sequence[Version]) -> None:
    """Compare `scope.version` with another, its parent to begin with."""
    version, others = scope.version, [v for v in versions if v.id != scope.version.id][::-1]
    with st.container(border=True):
        st.html(markup.heading(f"What version {version.number} changed"))
        if not others:
            page.empty(
                "The only version so far", "Apply decisions, split anew or add images: each makes a version."
            )
            return
        words = {
            v.id: f"version {v.number} · {v.name or version_text.operation(v)}"
            + (" · its parent" if v.id == version.parent else "")
            for v in others
        }
        ids = list(words)
        other = st.selectbox(
            "Compared with",
            ids,
            index=ids.index(version.parent) if version.parent in words else 0,
            format_func=words.__getitem__,
            key=f"diff-{version.id}",
        )
        found = _diff(scope.dataset, other, version.id)
        counts = found.counts()
        kinds = [kind for kind in _KINDS if counts[kind]]
        if not kinds:
            page.empty("Nothing differs", f"All {counts['same']:,} images are the same in both.")
            return
        kind = st.segmented_control(
            "Change",
            kinds,
            default=kinds[0],
            required=True,
            format_func=lambda k: f"{k} {counts[k]:,}",
            key=f"diff-kind-{version.id}-{other}",
            label_visibility="collapsed",
        )
        st.html(f'<p class="fer-muted">{counts["same"]:,} images are the same in both versions.</p>')
        _faces(scope, getattr(found, kind), kind)


def _faces(scope: Scope, rows: pd.DataFrame, kind: str) -> None:
    """Which change happens how often, and the faces of the one that is chosen."""
    if kind in ("relabelled", "moved"):
        pairs = (rows["before"] + " → " + rows["after"]).rename("pair")
    else:
        pairs = (rows["split"] + ", " + rows["label"]).rename("pair")
    often = pairs.value_counts()
    key = f"diff-{kind}-{scope.version.id}"
    which, where = st.columns([2.2, 1], vertical_alignment="bottom")
    pair = which.selectbox(
        "Which",
        ["all", *often.index],
        format_func=lambda p: f"all, {len(rows):,}" if p == "all" else f"{p}, {often[p]:,}",
        key=f"{key}-pair",
    )
    chosen = rows if pair == "all" else rows[pairs == pair]
    pages = max(1, -(-len(chosen) // PER_PAGE))
    number = where.number_input(f"Page of {pages:,}", 1, pages, key=f"{key}-page-{pair}") if pages > 1 else 1
    some = chosen.iloc[(int(number) - 1) * PER_PAGE : int(number) * PER_PAGE]
    face_sheet.sheet(
        cache.faces(scope.dataset, some["row"]),
        [
            SheetFace(r["image_id"], f"{r['before']} → {r['after']}" if "before" in r else r["label"], file_name(r["path"]))
            for r in row_dicts(some)
        ],
        key=f"{key}-sheet", label=f"Faces {kind}", size=84, clickable=False,
    )  # fmt: skip


@st.cache_resource(max_entries=4, show_spinner=False)
def _diff(dataset: Dataset, first: str, second: str) -> Diff:
    return diff(dataset, first, second)

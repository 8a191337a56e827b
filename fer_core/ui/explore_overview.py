"""The explorer's overview: splits, classes, checks and a sheet of faces per class."""

from __future__ import annotations

import streamlit as st

from fer_core.data import records
from fer_core.quality import balance
from fer_core.ui import cache, face_card, faces, html, page, tables, versions_card
from fer_core.ui.faces import Face, each, file_name
from fer_core.ui.page import Scope

PER_CLASS = 8


def draw(scope: Scope) -> None:
    """The whole view "Overview"."""
    manifest = scope.manifest
    good = records.readable(manifest)
    classes, splits = records.classes(manifest), records.splits(manifest)
    groups = cache.exact_groups(scope.dataset, scope.version.id)
    shares = balance.split_shares(manifest)
    drift = balance.drift(manifest)
    unreadable = manifest[manifest["error"] != ""]
    left, right = st.columns([2, 1.12], gap="medium")

    with left, st.container(border=True):
        st.html(
            html.heading("Splits and classes", "target 80 / 10 / 10")
            + tables.splits_and_classes(manifest, shares)
        )
        if drift is not None:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.html(tables.drift_line(drift), width="content")
                st.page_link(
                    "pages/data/stratify.py", label="Repair on Stratify", icon=":material/call_split:"
                )

    with right, st.container(border=True):
        st.html(
            html.heading("Checks", f"{len(manifest):,} files")
            + tables.checks(manifest, groups, cache.ranking(scope.dataset, scope.version.id))
        )
        with st.container(horizontal=True):
            st.page_link("pages/data/duplicates.py", label="Copies", icon=":material/content_copy:")
            st.page_link("pages/data/mislabels.py", label="Wrong labels", icon=":material/label_off:")
        if len(unreadable):
            with st.expander(f"{len(unreadable):,} unreadable files and why"):
                st.dataframe(
                    unreadable[["path", "error"]],
                    hide_index=True,
                    height=220,
                    column_config={"path": "file", "error": "reason"},
                )

    with left, st.container(border=True):
        st.html(html.heading("Class balance", "share of all images; even would be the mark"))
        st.html(tables.class_balance(balance.class_balance(manifest)))

    with left, st.container(border=True):
        st.html(html.heading("Faces", "click one to see what is known about it"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            split = st.segmented_control(
                "Split",
                ["all", *splits],
                default="all",
                required=True,
                key="exp-split",
                bind="query-params",
                label_visibility="collapsed",
            )
            label = st.selectbox(
                "Class",
                ["all classes", *classes],
                key="exp-class",
                bind="query-params",
                label_visibility="collapsed",
                width=170,
            )
            if st.button("Shuffle", shortcut="S", icon=":material/shuffle:"):
                st.session_state["exp-seed"] = st.session_state.get("exp-seed", 0) + 1
        seed = st.session_state.get("exp-seed", 0)
        chosen = good if split == "all" else good[good["split"] == split]
        selected = st.session_state.get("exp-face")
        for name in classes if label == "all classes" else (label,):
            pool = chosen[chosen["label"] == name]
            some = pool.sample(
                min(len(pool), PER_CLASS if label == "all classes" else faces.PAGE_SIZE), random_state=seed
            )
            count = f"<small>{len(some):,} of {len(pool):,}</small>"
            st.html(f'<div class="fer-h">{html.esc(html.class_name(name, classes))} {count}</div>')
            clicked = faces.sheet(
                cache.faces(scope.dataset, some["row"]),
                [
                    Face(r["image_id"], file_name(r["path"]), r["split"], "selected" if r["image_id"] == selected else "")
                    for r in each(some)
                ],
                key=f"exp-{name}", label=f"Faces labelled {name}", size=68, words=False,
            )  # fmt: skip
            if clicked and clicked != selected:
                st.session_state["exp-face"] = clicked
                st.rerun()

    with right, st.container(border=True):
        st.html(html.heading("This face"))
        if selected in set(manifest["image_id"]):
            face_card.draw(scope, str(selected))
        else:
            page.empty("No face chosen", "Click one of the faces.")
    with right:
        versions_card.overview(scope)

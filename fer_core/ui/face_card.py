"""Everything known about one image, beside a large picture of it."""

from __future__ import annotations

import streamlit as st

from fer_core.data import records
from fer_core.review.journal import Journal
from fer_core.ui import cache, faces, html, verdicts
from fer_core.ui.page import Scope


def draw(scope: Scope, image_id: str) -> None:
    """Picture, facts, copies, decisions, and the way to decide on it."""
    manifest = scope.manifest
    row = manifest[manifest["image_id"] == image_id].iloc[0]
    st.image(cache.faces(scope.dataset, [int(row["row"])])[0], width=192, alt=f"Face labelled {row['label']}")
    journal = Journal(scope.dataset.journal_path)
    table = cache.exact_groups(scope.dataset, scope.version.id).table
    group = table[table["group"].isin(table.loc[table["image_id"] == image_id, "group"])]
    others = group[group["image_id"] != image_id]
    pairs: list[tuple[str, html.Cell]] = [
        ("file", row["path"]),
        ("source", row["source"]),
        ("label", html.class_name(row["label"], records.classes(manifest))),
        ("split", row["split"]),
        ("size", f"{row['width']:,} × {row['height']:,} px, {row['mode']}, {row['format']}"),
        ("brightness", f"{row['brightness']:.2f} of 1"),
        ("contrast", f"{row['contrast']:.2f}"),
        ("sharpness", f"{row['sharpness']:.4f}"),
        ("copies", ", ".join(f"{o['split']}/{o['label']}" for o in faces.each(others)) or "none"),
    ]
    ranking = cache.ranking(scope.dataset, scope.version.id)
    if ranking is not None and image_id in set(ranking["image_id"]):
        ranked = ranking[ranking["image_id"] == image_id].iloc[0]
        pairs.append(("model", f"{ranked['why']} (score {ranked['score']:.2f})"))
    history = journal.history(image_id)
    last = history[~history["undone"]].tail(1)
    pairs.append(
        ("decision", f"{last.iloc[0]['action']} {last.iloc[0]['label']}".strip() if len(last) else "none yet")
    )
    st.html(html.facts(pairs))
    with st.popover("Decide", icon=":material/gavel:"):
        label = st.selectbox(
            "The right label",
            records.classes(manifest),
            index=None,
            key=f"decide-{image_id}",
            placeholder="choose",
        )
        known = {
            "image_id": image_id,
            "pixel_hash": row["pixel_hash"],
            "path": row["path"],
            "who": verdicts.reviewer(),
        }
        shown = {"label": row["label"], "version": scope.version.id}
        if st.button("Relabel", disabled=label is None or label == row["label"], type="primary"):
            journal.add("relabel", label=label, shown=shown, **known)
            st.rerun()
        if st.button(f"Keep {row['label']}"):
            journal.add("keep", shown=shown, **known)
            st.rerun()
        if st.button("Delete from the set"):
            journal.add("delete", shown=shown, **known)
            st.rerun()

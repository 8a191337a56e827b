"""Copies of the same picture: settle them group by group, or all at once by rule."""

import pandas as pd
import streamlit as st

from fer_core.emotions import ordered_splits
from fer_core.quality.leakage import leak_table, leaked_share
from fer_core.review import copies
from fer_core.review.journal import Journal
from fer_core.ui import cache, faces, html, page, rows, tables, verdicts
from fer_core.ui.faces import Face, Frame, each, file_name

KEEP: Frame = "keep"
DROP: Frame = "flagged"
QUEUES = {
    "conflicts": "Same picture, different labels",
    "leaks": "Across splits (leaks)",
    "within": "Within a split",
    "settled": "Settled",
}

scope = page.open_page(
    "Duplicates and leaks", "Settle copies once. Files are never touched; every verdict is remembered."
)
groups = cache.exact_groups(scope.dataset, scope.version.id)
found = copies.members(groups.table, scope.manifest)
journal = Journal(scope.dataset.journal_path)
queues = copies.queues(found, journal.decisions())
summary, leaked = groups.summary(), leaked_share(scope.manifest, groups)
across = (
    len(found.groupby("group").filter(lambda g: g["split"].nunique() > 1)["group"].unique())
    if len(found)
    else 0
)
page.numbers(
    [
        (summary["groups"], "groups of equal pixels"),
        (summary["extra_copies"], "extra copies"),
        (across, "groups across splits"),
        *(
            (f"{share:.1%}", f"of {split} is also in another split")
            for split, share in leaked.items()
            if split == "test"
        ),
        (len(queues["settled"]), "groups settled by you"),
    ]
)
if not summary["groups"]:
    page.empty("No copies here", "Every picture of this version differs from every other, pixel by pixel.")
    st.stop()


def group(number: int) -> pd.DataFrame:
    return found[found["group"] == number]


@st.dialog("Settle open groups by rule", width="medium")
def settle_all(numbers: list[int]) -> None:
    """Preview, then record, the proposals of many groups at once."""
    proposals = [(group(n), copies.propose(group(n))) for n in numbers]
    gone = found[found["image_id"].isin([image for _, p in proposals for image in p.drop])]
    st.html(
        '<p class="fer-note">Keep the copy in test, else in val, else in train; drop the others. '
        "Groups whose labels differ are left for you.</p>"
        + html.table(
            ["split", "images dropped"],
            [[s, int((gone["split"] == s).sum())] for s in ordered_splits(gone["split"].unique())],
            numeric=[1],
        )
    )
    some = gone.head(18)
    words = [Face(r["image_id"], r["label"], r["split"]) for r in each(some)]
    pixels = cache.faces(scope.dataset, some["row"])
    faces.sheet(
        pixels, words, key="rule-faces", label="Faces that would be dropped", size=72, clickable=False
    )
    if st.button(f"Record: drop {len(gone):,} images of {len(proposals):,} groups", type="primary"):
        decisions = [d for members, p in proposals for d in copies.settle(members, p, verdicts.reviewer())]
        st.session_state["dup-batch"] = journal.add_many(decisions)
        st.rerun()


def settle(number: int, position: int) -> None:
    """The current group: faces, the proposal with its reason, and the verdict buttons."""
    rows_of_group, total = group(number), len(queues[queue])
    proposal = copies.propose(rows_of_group, keep=st.session_state.get(f"dup-keep-{number}"))
    labels, splits = sorted(rows_of_group["label"].unique()), ordered_splits(rows_of_group["split"].unique())
    chips = [html.chip("bad", "labels differ")] if len(labels) > 1 else []
    chips += [html.chip("bad", " and ".join(splits))] if len(splits) > 1 else []
    chips += [html.chip("good", "settled")] if queue == "settled" else []
    aside = f"same pixels, labelled {' and '.join(labels)}"
    st.html(
        html.heading(f"Group {position + 1:,} of {total:,}", aside, *chips)
        + html.progress((position + 1) / total)
    )
    shown = rows_of_group.head(24)
    words = []
    for r in each(shown):
        fate, frame = ("keep", KEEP) if r["image_id"] == proposal.keep else ("drop", DROP)
        words.append(
            Face(r["image_id"], f"{fate} · {r['label']}", f"{r['split']} · {file_name(r['path'])}", frame)
        )
    pixels = cache.faces(scope.dataset, shown["row"])
    clicked = faces.sheet(pixels, words, key="dup-faces", label="Copies; choose the one to keep", size=168)
    if clicked and clicked != proposal.keep:
        st.session_state[f"dup-keep-{number}"] = clicked
        st.rerun()
    path = rows_of_group.set_index("image_id").loc[proposal.keep, "path"]
    st.html(
        f'<p class="fer-note">Proposed: keep <b>{html.esc(path)}</b>, because {html.esc(proposal.reason)}. '
        '<span class="fer-muted">Click another face to keep that one.</span></p>'
    )
    with st.container(horizontal=True):
        if st.button(
            "Accept", type="primary", shortcut="Enter", disabled=queue == "settled", key="dup-accept"
        ):
            journal.add_many(copies.settle(rows_of_group, proposal, verdicts.reviewer()))
            st.rerun()
        if st.button("Not a copy", shortcut="N", disabled=queue == "settled", key="dup-not"):
            journal.add_many(copies.reject(rows_of_group, verdicts.reviewer()))
            st.rerun()
        verdicts.undo_button(journal)
        verdicts.step_buttons("dup-place", total)


left, right = st.columns([1, 2.4], gap="medium")
with left:
    with st.container(border=True):
        st.html(html.heading("Queues"))
        listed = [
            rows.Row(k, words, f"{len(queues[k]):,}", muted=k == "settled") for k, words in QUEUES.items()
        ]
        queue = rows.choose(listed, key="dup-queue", label="Queues of groups")
    with st.container(border=True):
        st.html(html.heading("Leak table", "groups two splits share") + tables.leaks(leak_table(groups)))
    with st.container(border=True):
        st.html(html.heading("Do the rest by rule", "preview first, undo after"))
        plain = queues["leaks"] + queues["within"]
        if st.button(f"Preview {len(plain):,} groups", disabled=not plain, key="dup-rule"):
            settle_all(plain)
        if (batch := st.session_state.get("dup-batch")) and st.button(
            "Undo the rule", icon=":material/undo:"
        ):
            journal.undo_batch(batch, verdicts.reviewer())
            del st.session_state["dup-batch"]
            st.rerun()
with right:
    with st.container(border=True):
        if queues[queue]:
            position = verdicts.place("dup-place", queue, len(queues[queue]))
            settle(queues[queue][position], position)
        else:
            advice = (
                "Accept a proposal and it appears here." if queue == "settled" else "Choose another queue."
            )
            page.empty(f"{QUEUES[queue]}: nothing here", advice)
    verdicts.apply_card(scope)

"""Copies of the same picture: settle them group by group, or all at once by rule."""

import streamlit as st

from fer_core.quality.leakage import leaked_share
from fer_core.review import copies
from fer_core.review.journal import Journal
from fer_core.ui import (
    cache,
    copies_cache,
    copies_dial,
    copies_group,
    copies_rules,
    html,
    leak_card,
    page,
    rows,
    verdicts,
)

QUEUES = {
    "conflicts": "Same picture, different labels",
    "leaks": "Across splits (leaks)",
    "mirrored": "Mirrored",
    "near": "Nearly equal",
    "within": "Within a split",
    "settled": "Settled",
}

scope = page.open_page(
    "Duplicates and leaks", "Settle copies once. Files are never touched; every verdict is remembered."
)
journal = Journal(scope.dataset.journal_path)
decisions = journal.decisions()
copies_cache.pairs(scope.dataset, scope.version.id)  # compared here where the set is small
groups = copies_cache.groups(scope.dataset, scope.version.id, copies_dial.distance(), decisions)
found = copies.members(groups.table, scope.manifest)
queues = copies.queues(found, decisions)
exact = cache.exact_groups(scope.dataset, scope.version.id).summary()
leaked = leaked_share(scope.manifest, groups)
across = int((found.groupby("group")["split"].nunique() > 1).sum())
page.numbers(
    [
        (exact["groups"], "groups of equal pixels"),
        (found.loc[found["kind"] != "exact", "group"].nunique(), "groups of near copies"),
        (across, "groups across splits"),
        *(
            (f"{share:.1%}", f"of {split} is also in another split")
            for split, share in leaked.items()
            if split in ("test", "val")
        ),
        (len(queues["settled"]), "groups settled by you"),
    ]
)

left, right = st.columns([1, 2.4], gap="medium")
with left:
    with st.container(border=True):
        st.html(html.heading("Queues"))
        listed = [
            rows.Row(k, words, f"{len(queues[k]):,}", muted=k == "settled" or not queues[k])
            for k, words in QUEUES.items()
        ]
        queue = rows.choose(listed, key="dup-queue", label="Queues of groups")
    copies_dial.card(scope)
    leak_card.card(scope, groups)
with right:
    with st.container(border=True):
        if queues[queue]:
            position = verdicts.place("dup-place", queue, len(queues[queue]))
            group = found[found["group"] == queues[queue][position]]
            copies_group.settle(scope, journal, group, (position, len(queues[queue])), queue == "settled")
        elif found.empty:
            page.empty("No copies here", "Every picture of this version differs from every other.")
        else:
            advice = (
                "Accept a proposal and it appears here." if queue == "settled" else "Choose another queue."
            )
            page.empty(f"{QUEUES[queue]}: nothing here", advice)
    copies_rules.card(scope, journal, found, queues, QUEUES)
    verdicts.apply_card(scope)

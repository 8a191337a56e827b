"""Wrong labels: the likeliest mistakes first, one key each."""

import streamlit as st

from fer_core.data import records
from fer_core.quality import mislabels
from fer_core.quality.neighbours import nearest
from fer_core.review import labels as review
from fer_core.review.journal import Journal
from fer_core.ui import cache, faces, html, live, page, rows, verdicts
from fer_core.ui.faces import Face, each

scope = page.open_page(
    "Wrong labels", "The likeliest mistakes first. One key each; nothing is lost, all can be undone."
)
ranking = cache.ranking(scope.dataset, scope.version.id)
if ranking is None:
    live.ranking_panel(scope.workspace, scope.dataset.name, scope.version.id)
    st.stop()

journal = Journal(scope.dataset.journal_path)
classes = records.classes(scope.manifest)
decided = review.verdicts(journal.decisions())
likely = mislabels.likely_wrong(ranking)
todo = likely[~likely["image_id"].isin(decided.index)]
done = likely[likely["image_id"].isin(decided.index)]
pairs = review.class_pairs(todo)
page.numbers(
    [
        (len(likely), "labels likely wrong, by the model's out-of-fold opinion"),
        (f"{len(likely) / max(len(ranking), 1):.1%}", f"of {len(ranking):,} images"),
        (
            f"{pairs.iloc[0]['label']} → {pairs.iloc[0]['suggested']}" if len(pairs) else "–",
            "largest confusion left",
        ),
        (
            len(done),
            f"of these reviewed, {int((decided.reindex(done['image_id'])['action'] == 'relabel').sum()):,} relabelled",
        ),
    ]
)

left, right = st.columns([1, 2.7], gap="medium")
with left:
    with st.container(border=True):
        st.html(
            html.heading("Review", f"{len(done):,} of {len(likely):,}")
            + html.progress(len(done) / max(len(likely), 1))
        )
        listed = [rows.Row("all", "All pairs", f"{len(todo):,}")]
        listed += [
            rows.Row(f"{p['label']}>{p['suggested']}", f"{p['label']} → {p['suggested']}", f"{p['images']:,}")
            for p in each(pairs.head(8))
        ]
        queue = rows.choose(listed, key="mis-queue", label="Class pairs: given label and suggestion")
    with st.container(border=True):
        st.html(html.heading("Filter"))
        split = st.selectbox(
            "Split", ["all", *records.splits(scope.manifest)], key="mis-split", bind="query-params"
        )
        st.session_state["fer-reviewer"] = st.text_input(
            "Your name", value=verdicts.reviewer(), key="mis-who", placeholder="kept with each decision"
        )

waiting = todo if queue == "all" else todo[(todo["label"] + ">" + todo["suggested"]) == queue]
waiting = waiting if split == "all" else waiting[waiting["split"] == split]


def decide(row: dict[str, object], action: str, label: str | None = None) -> None:
    """Record one decision; the row leaves the queue, so the next one shows."""
    review.record(
        journal, row, action, classes=classes, label=label, who=verdicts.reviewer(), version=scope.version.id
    )


with right, st.container(border=True):
    if waiting.empty:
        page.empty(
            "Nothing left in this queue", "Choose another pair or split, or apply the decisions as a version."
        )
    else:
        position = verdicts.place("mis-place", f"{queue}/{split}", len(waiting))
        extra = scope.manifest[["image_id", "pixel_hash", "row"]]
        row = each(waiting.iloc[[position]].merge(extra, on="image_id"))[0]
        picture, about = st.columns([1, 1.15], gap="medium", vertical_alignment="center")
        with picture:
            pixels = cache.faces(scope.dataset, [row["row"]])
            st.image(pixels[0], width=280, alt=f"Face labelled {row['label']}")
        with about:
            st.html(
                html.heading("Why it is here", f"{position + 1:,} of {len(waiting):,}")
                + html.bars(review.probabilities(row, classes))
                + f'<p class="fer-note" style="margin-top:.7rem">labelled <b>{html.esc(row["label"])}</b> → looks '
                f'<b>{html.esc(row["suggested"])}</b></p><p class="fer-muted">{html.esc(row["why"])}. Score {row["score"]:.3f} '
                f"(low is bad). {html.esc(row['split'])} · {html.esc(row['path'])}</p>"
            )
        with st.container(horizontal=True):
            st.button(
                f"Accept {row['suggested']}",
                type="primary",
                shortcut="Enter",
                key="mis-accept",
                on_click=decide,
                args=(row, "relabel", row["suggested"]),
            )
            st.button(
                f"Keep {row['label']}", shortcut="K", key="mis-keep", on_click=decide, args=(row, "keep")
            )
            st.button(
                "Ambiguous", shortcut="A", key="mis-ambiguous", on_click=decide, args=(row, "ambiguous")
            )
            st.button("Delete", shortcut="D", key="mis-delete", on_click=decide, args=(row, "delete"))
            verdicts.undo_button(journal)
            verdicts.step_buttons("mis-place", len(waiting))
        with st.container(horizontal=True, gap="xsmall"):
            for number, name in enumerate(classes[:9], start=1):
                st.button(
                    name,
                    shortcut=str(number),
                    key=f"mis-label-{number}",
                    on_click=decide,
                    args=(row, "relabel", name),
                    type="tertiary",
                )
        for name in dict.fromkeys([str(row["label"]), str(row["suggested"])]):
            near = nearest(scope.manifest, cache.signatures(scope.dataset), str(row["image_id"]), name)
            st.html(html.heading(f"Nearest labelled {name}"))
            sheet = [Face(r["image_id"]) for r in each(near)]
            words = f"Nearest faces labelled {name}"
            pixels = cache.faces(scope.dataset, near["row"])
            faces.sheet(
                pixels, sheet, key=f"mis-near-{name}", label=words, size=64, words=False, clickable=False
            )
with right:
    verdicts.apply_card(scope)

"""One face large, what is known about it, and one key per verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.emotions import colors
from fer_core.quality.neighbours import nearest_by_label
from fer_core.review import labels as review
from fer_core.review.opinions import disagreements
from fer_core.ui import cache, faces, html, mislabel_soft, page
from fer_core.ui.faces import Face, each
from fer_core.ui.mislabel_desk import Desk
from fer_core.ui.mislabel_trail import Trail, trail

_NEAR = 5
_LOOK_BACK = 100  # verdicts among which the last few different faces are looked for
_DONE = {"keep": "kept", "delete": "deleted", "ambiguous": "ambiguous"}


def draw(desk: Desk) -> None:
    """The current face of the queue with its evidence and its keys."""
    known = trail(desk)
    with st.container(border=True, key="mis-card"):
        if known is None:
            _nothing_left(desk)
            undo_button(desk, None)
            return
        row = each(desk.rows_of([known.current]))[0]
        picture, about = st.columns([1, 1.05], gap="medium", vertical_alignment="center")
        with picture:
            st.html(_picture(desk, row))
        with about:
            st.html(_evidence(desk, row, known))
        _keys(desk, row, known)
        mislabel_soft.draw(desk, known)
    if not desk.blind:
        _neighbours(desk, row)


def _nothing_left(desk: Desk) -> None:
    if desk.candidates.empty:
        page.empty("No image passes these filters", "Choose another pair or split, or a higher score.")
    else:
        page.empty(
            "Nothing left in this queue",
            "Choose another pair, look at what is ambiguous, or apply the decisions as a version.",
        )


def words(row: dict[str, Any]) -> str:
    """What a verdict did, in a word or two: `→ neutral`, `kept`, `deleted`, `ambiguous`."""
    return f"→ {row['said']}" if row["action"] == "relabel" else _DONE[row["action"]]


def _picture(desk: Desk, row: dict[str, Any]) -> str:
    palette = colors([*desk.classes])
    source = faces.data_url(cache.faces(desk.scope.dataset, [row["row"]])[0])
    alt = "Face" if desk.blind else f"Face labelled {row['label']}"
    caption = "Which emotion is this?"
    if not desk.blind:

        def name(value: str) -> str:
            return (
                f'<b><span class="fer-dot" style="background:{palette[value]}"></span>{html.esc(value)}</b>'
            )

        caption = f"labelled {name(row['label'])}"
        if row["suggested"] != row["label"]:
            caption += f" → looks {name(row['suggested'])}"
    return f'<figure class="fer-face"><img src="{source}" alt="{html.esc(alt)}"><figcaption>{caption}</figcaption></figure>'


def _evidence(desk: Desk, row: dict[str, Any], known: Trail) -> str:
    number = np.flatnonzero((desk.waiting["image_id"] == row["image_id"]).to_numpy(bool))
    place = f"{number[0] + 1:,} of {len(desk.waiting):,}" if len(number) else ""
    where = f'<p class="fer-muted" style="margin-top:.5rem">{html.esc(row["split"])} · {html.esc(row["path"])}</p>'
    if desk.blind:
        why = '<p class="fer-note">Blind: the label, the suggestion and what others said are hidden.</p>'
        return html.heading("Say what you see", place) + why
    chips = []
    held = desk.holding[desk.holding["image_id"] == row["image_id"]]
    if len(held) and row["image_id"] not in known.checks:
        last = each(held)[0]
        who = last["who"] or "someone"
        what = f"→ {last['label']}" if last["action"] == "relabel" else _DONE[last["action"]]
        chips.append(html.chip("good", f"{what} by {who}"))
    reasons = [*str(row["why"]).split("; "), f"score {row['score']:.3f} by {desk.method} (low is bad)"]
    if desk.filters.reviewed == "split":
        split = disagreements(desk.said).set_index("image_id")["said"]
        if row["image_id"] in split.index:
            reasons.insert(0, str(split[row["image_id"]]))
    listed = "".join(f"<li>{html.esc(reason)}</li>" for reason in reasons)
    return (
        html.heading("Why it is here", place, *chips)
        + html.bars(review.probabilities(row, desk.classes))
        + f'<ul class="fer-notes">{listed}</ul>{_votes(desk, row)}{where}'
    )


def _votes(desk: Desk, row: dict[str, Any]) -> str:
    votes = row.get("votes")
    if votes is None or not sum(votes):
        return ""
    told = sorted(zip(desk.classes, votes, strict=True), key=lambda pair: -pair[1])
    said = ", ".join(f"{html.esc(name)} {int(n)}" for name, n in told if n)
    return f'<p class="fer-note">people: {said}</p>'


def _keys(desk: Desk, row: dict[str, Any], known: Trail) -> None:
    """The verdict buttons; while the soft label is edited, none of them listens to the keyboard."""
    quiet = mislabel_soft.is_open()

    def decide(action: str, label: str | None = None) -> None:
        check = known.checks.get(row["image_id"])
        shown: dict[str, object] = {"self_check": check} if check else {}
        if desk.record([row], action, label, known.nonce, shown):
            known.checks.pop(row["image_id"], None)
            known.skipped.discard(row["image_id"])
            known.step(1)

    def press(words: str, shortcut: str, key: str, *args: str, **more: Any) -> None:
        listens = None if quiet else shortcut
        options: dict[str, Any] = {"on_click": decide, "args": args} | more
        st.button(words, shortcut=listens, key=f"mis-{key}", **options)

    to, given = str(row["suggested"]), str(row["label"])
    with st.container(horizontal=True, horizontal_alignment="center", gap="xsmall", key="mis-verdicts"):
        if not desk.blind:
            if to != given:
                press(f"Accept {to}", "Enter", "accept", "relabel", to, type="primary")
            press(f"Keep {given}", "K", "keep", "keep")
            press("Ambiguous", "A", "ambiguous", "ambiguous", help=_soft_help(desk, row))
        press("Delete", "D", "delete", "delete", help="Left out of the next version; the file stays")
        press("Skip", "S", "skip", on_click=known.skip, args=())
        undo_button(desk, known, quiet)
    quietly: dict[str, Any] = {"type": "tertiary"}
    with st.container(horizontal=True, horizontal_alignment="center", gap="small", key="mis-labels"):
        step = quietly | {"on_click": known.step}
        press(
            "Previous",
            "Left",
            "back",
            args=(-1,),
            disabled=known.at == 0,
            icon=":material/chevron_left:",
            **step,
        )
        for number, name in enumerate(desk.classes[:8], start=1):
            press(
                name,
                str(number),
                f"label-{number}",
                "relabel",
                name,
                type="secondary" if desk.blind else "tertiary",
            )
        press("Next", "Right", "on", args=(1,), icon=":material/chevron_right:", **step)
        soft = quietly | {"on_click": mislabel_soft.ask, "args": (known,)}
        press(
            "Soft label", "E", "soft", help="Say how much of each class it is", icon=":material/tune:", **soft
        )


def _soft_help(desk: Desk, row: dict[str, Any]) -> str:
    soft = sorted(review.proposal(row, desk.classes).items(), key=lambda pair: -pair[1])
    return "Recorded as " + ", ".join(f"{name} {p:.0%}" for name, p in soft if p >= 0.005)


def undo_button(desk: Desk, known: Trail | None, quiet: bool = False) -> None:
    """Take back the reviewer's last decision, or all that were taken together, and show the face again."""

    def undo() -> None:
        number = desk.journal.undo(who=desk.who)
        if number is None:
            st.toast("There is nothing of yours to undo.")
            return
        entries = cache.journal(desk.scope.dataset).entries
        target = entries.loc[entries["id"] == number, "target"].iloc[0]
        taken = entries[(entries["key"] == target) | (entries["batch"] == target)]
        st.toast(f"Undone: {html.plural(len(taken), 'decision')}.", icon=":material/undo:")
        if known is not None and len(taken) == 1 and taken["image_id"].iloc[0] in desk.index:
            known.show(str(taken["image_id"].iloc[0]))

    st.button("Undo", shortcut=None if quiet else "U", key="fer-undo", icon=":material/undo:", on_click=undo)


def _neighbours(desk: Desk, row: dict[str, Any]) -> None:
    """The nearest faces of the given and of the suggested class, side by side."""
    names = list(dict.fromkeys([str(row["label"]), str(row["suggested"])]))
    vectors = cache.signatures(desk.scope.dataset)
    found = nearest_by_label(desk.ranking, vectors, str(row["image_id"]), names, _NEAR)
    for column, name, near in zip(st.columns(2, gap="small"), names, found, strict=False):
        with column, st.container(border=True):
            st.html(html.heading(f"Nearest “{name}”"))
            if near.empty:
                st.html('<p class="fer-muted">No other picture of this class.</p>')
            faces.sheet(
                cache.faces(desk.scope.dataset, near["row"]),
                [Face(r["image_id"], f"{name}, {r['similarity']:.2f} alike") for r in each(near)],
                key=f"mis-near-{names.index(name)}",
                label=f"Nearest faces labelled {name}",
                size=62,
                words=False,
                clickable=False,
            )


def just_decided(desk: Desk) -> None:
    """The reviewer's last verdicts; a click shows the face again."""
    mine = desk.said[desk.said["who"] == desk.who].tail(_LOOK_BACK).drop_duplicates("image_id", keep="last")
    places = desk.index.get_indexer(
        pd.Index(mine["image_id"].tolist(), dtype=object)
    )  # its table is built once
    recent = mine[places >= 0].tail(8).iloc[::-1]
    if recent.empty:
        return
    with st.container(border=True):
        st.html(html.heading("Just decided", "click one to look again"))
        shown = [Face(r["image_id"], words(r)) for r in each(recent)]
        pixels = desk.pixels(recent["image_id"])
        clicked = faces.sheet(pixels, shown, key="mis-recent", label="Faces just decided", size=72)
        known: Trail | None = st.session_state.get("mis-trail")
        if clicked and known is not None and clicked != known.current:
            known.show(clicked)
            st.rerun()

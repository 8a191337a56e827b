"""Everything known about one face, and what can be decided about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from fer_core.base.tables import row_dicts
from fer_core.data.manifest import ImageRow
from fer_core.ui.components import face_sheet, markup, messages
from fer_core.ui.explore import cached_facts, sheets
from fer_core.ui.explore.state import ENLARGE, FLAG_WORDS, OFTEN_CHECKED, VIEW, Explorer
from fer_core.ui.shell import cache, page, server_paths

_NEAR = 6
_RUNS = 4
_GRAVE = {"copy_across_splits", "copy_other_label", "likely_wrong", "humans_say_otherwise"}
_DONE = {"relabel": "relabelled", "keep": "kept", "delete": "deleted", "ambiguous": "ambiguous"}


@contextmanager
def beside(explorer: Explorer) -> Iterator[DeltaGenerator]:
    """The room of a view, drawn inside; yields the column beside it. The face that is open is drawn last, into that column:
    whatever it enlarges has the keys only once all buttons of the page have let go of theirs. Without one the room is wide."""
    with st.container(key="exp-beside"):
        left, right = st.columns([2, 1.12], gap="medium")
    with right:
        place = st.container()
    with left:
        yield right
    with place:
        card(explorer)


def card(explorer: Explorer) -> None:
    """The face that is open; nothing where none is."""
    if not explorer.state.face:
        return
    enlarge = False
    with st.container(border=True, key="exp-face"):
        position = explorer.position(explorer.state.face)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.html(markup.heading("This face"))
            with st.container(horizontal=True, width="content", gap="xsmall"):
                icon = ":material/open_in_full:"
                if position is not None:
                    enlarge = st.button("Enlarge", type="tertiary", icon=icon, key=ENLARGE)
                st.button(
                    "Close", type="tertiary", icon=":material/close:", key="exp-close",
                    on_click=explorer.open, args=(explorer.state.face,),
                )  # fmt: skip
        if position is None:
            page.empty("This face is not in this version", "Click another to see all that is known about it.")
            return
        row = _row(explorer, position)
        st.html(_about(explorer, row, position))
        if selected := _selected(explorer):
            told = f"The keys act on the {len(selected):,} selected, by the bar below, not on this face."
            st.html(f'<p class="fer-note">{told}</p>')
        else:
            _decide(explorer, row)
        _neighbours(explorer, row, position)
        st.html(_more(explorer, row, position))
    if enlarge:
        _large(explorer)


def _selected(explorer: Explorer) -> tuple[str, ...]:
    """The faces that are selected, where a bar says so: other views do not show them, and do nothing to them."""
    return explorer.state.picked if st.session_state.get(VIEW) in ("Faces", "Map") else ()


def _row(explorer: Explorer, position: int) -> ImageRow:
    return cast(ImageRow, row_dicts(explorer.facts.columns.frame(np.array([position])))[0])


def picture(explorer: Explorer, row: ImageRow, edge: int = 480) -> NDArray[np.uint8]:
    """The face as its file has it, where that shows more than 48 gray pixels and is still there."""
    small = cache.faces(explorer.scope.dataset, [int(row["row"])])[0]
    plain = row["mode"] == "gray" and max(row["width"], row["height"]) <= small.shape[0]
    if plain or server_paths.out_of_reach(explorer.scope.dataset):
        return np.asarray(small)
    found = cached_facts.picture(explorer.scope.dataset, str(row["source"]), str(row["path"]), edge)
    return small if found is None else found


def _about(explorer: Explorer, row: ImageRow, position: int) -> str:
    source = face_sheet.data_url(picture(explorer, row))
    label = markup.class_name(row["label"], explorer.classes)
    lines = [f"<b>{markup.esc(row['split'])} / {label} / {markup.esc(face_sheet.file_name(row['path']))}</b>"]
    lines.append(f"{row['width']:,} × {row['height']:,} px, {row['mode']}, {markup.esc(row['format'])}")
    lines.append(
        f"brightness {row['brightness']:.2f}, contrast {row['contrast']:.2f}, sharpness {row['sharpness']:.4f}"
    )
    if words := server_paths.out_of_reach(explorer.scope.dataset):
        lines.append(markup.esc(words))
    if votes := explorer.facts.votes_of(position):
        lines.append("votes: " + ", ".join(f"{markup.esc(n)} {v}" for n, v in list(votes.items())[:4]))
    for run in explorer.runs[:_RUNS]:
        said = cached_facts.run_answers(run)
        if row["image_id"] in said.index:
            one = said.loc[row["image_id"]]
            lines.append(f"run {markup.esc(run.id)} says <b>{markup.esc(one['said'])}</b> {one['p']:.2f}")
    chips = [
        markup.chip("bad" if flag in _GRAVE else "warn", FLAG_WORDS[flag])
        for flag in explorer.flags()
        if flag != "copy" and explorer.facts.flag(flag)[position]
    ]
    held = cached_facts.holding(explorer.scope.dataset, explorer.newest)
    if row["image_id"] in held.index:
        one = held.loc[row["image_id"]]
        what = f"→ {one['label']}" if one["action"] == "relabel" else _DONE[str(one["action"])]
        chips.append(markup.chip("info", f"{what} by {one['who'] or 'you'}"))
    told = "".join(f"<div>{line}</div>" for line in lines)
    verdicts = f'<div class="fer-chips">{"".join(chips)}</div>' if chips else ""
    alt = markup.esc(f"Face labelled {row['label']}")
    return f'<div class="fer-this"><img src="{source}" alt="{alt}"><div>{told}{verdicts}</div></div>'


def _decide(explorer: Explorer, row: ImageRow, large: bool = False) -> None:
    """The decisions about a face. Those on the page act on the faces that are selected, should some be by now."""
    prefix = "exp-large" if large else "exp"
    image = str(row["image_id"])

    def act(action: str, label: str | None = None) -> None:
        selected = () if large else _selected(explorer)
        explorer.decide(selected or [image], "relabel" if selected and label else action, label)

    def press(words: str, shortcut: str | None, *args: str, **more: Any) -> None:
        key = more.pop("key", f"{prefix}-do-{words}")
        shown = shortcut if large else explorer.key(shortcut)
        st.button(words, shortcut=shown, key=key, on_click=act, args=args, **more)

    st.html('<p class="fer-muted" style="margin:0">The right label is</p>')
    with st.container(horizontal=True, gap="xsmall", key=f"{prefix}-labels"):
        for number, name in enumerate(explorer.classes, start=1):
            press(
                messages.plain(name),
                str(number) if number < 10 else None,
                "keep" if name == row["label"] else "relabel",
                name,
                type="primary" if name == row["label"] else "secondary",
                key=f"{prefix}-label-{name}",
                help="The label it has: keeps it" if name == row["label"] else None,
            )
    with st.container(horizontal=True, gap="xsmall", key=f"{prefix}-actions"):
        press("Delete", "D", "delete", help="Left out of the next version; the file stays")
        press(
            "Ambiguous", "A", "ambiguous", help="Nobody can tell: a soft label, of the votes if there are any"
        )
        undo = "U" if large else explorer.key("U")
        st.button("Undo", shortcut=undo, icon=":material/undo:", key=f"{prefix}-undo", on_click=explorer.undo)
        if not large:
            st.button(
                "Find similar", shortcut=explorer.key("F"), icon=":material/image_search:", key="exp-similar",
                on_click=explorer.similar, args=(image,),
            )  # fmt: skip


def _neighbours(explorer: Explorer, row: ImageRow, position: int) -> None:
    near, similarity = cached_facts.nearest(explorer.scope.dataset, explorer.scope.version.id, position)
    hashes = explorer.facts.columns.codes("pixel_hash")[0]
    other = hashes[near] != hashes[position]
    near, similarity = near[other][:_NEAR], similarity[other][:_NEAR]
    if not len(near):
        return
    codes, names = explorer.facts.category("label")
    told = ", ".join(
        f"{count} {name}" for name, count in Counter(names[c] for c in codes[near]).most_common()
    )
    st.html(markup.heading("Nearest", told))
    details = [f"{value:.2f} alike" for value in similarity]
    sheets.strip(explorer, near, "exp-near", "Nearest faces", details)


def _more(explorer: Explorer, row: ImageRow, position: int) -> str:
    """File, hashes, copies and history, folded away."""
    pairs: list[tuple[str, markup.Cell]] = [("file", row["path"]), ("source", row["source"])]
    pairs += [
        (name, value)
        for name, value in (("subject", row.get("subject")), ("group", row.get("group")))
        if value
    ]
    pairs += [("pixels", str(row["pixel_hash"])[:16]), ("pHash", f"{int(row['phash']):016x}")]
    pairs.append(("image id", str(row["image_id"])))
    group = explorer.facts.copies.group
    twins = np.flatnonzero((group == group[position]) & explorer.facts.readable)
    twins = twins[twins != position][:6]
    copies = row_dicts(explorer.facts.columns.frame(twins, ["split", "label", "path"]))
    told = "; ".join(f"{c['split']} / {c['label']} / {face_sheet.file_name(c['path'])}" for c in copies)
    pairs.append(("copies", told or "none of equal pixels"))
    if explorer.checks_known:
        worst = [(n, explorer.facts.measure(f"{n}_score")[position]) for n in OFTEN_CHECKED]
        pairs.append(
            ("check scores", ", ".join(f"{FLAG_WORDS[n].split(' or')[0]} {v:.2f}" for n, v in worst))
        )
    if "label_score" in explorer.measures() and np.isfinite(
        score := explorer.facts.measure("label_score")[position]
    ):
        pairs.append(("label score", f"{score:.3f} (low: probably wrong)"))
    for entry in row_dicts(explorer.journal.history(str(row["image_id"])))[-5:]:
        what = f"{_DONE.get(entry['action'], entry['action'])} {entry['label']}".strip()
        gone = " (undone)" if entry["undone"] else ""
        pairs.append((str(entry["time"])[:16].replace("T", " "), f"{what} by {entry['who'] or 'you'}{gone}"))
    return f'<details class="fer-more"><summary>File, hashes, copies, history</summary>{markup.facts(pairs)}</details>'


@st.dialog("Face", width="large", on_dismiss="rerun")
def _large(explorer: Explorer) -> None:
    """The original, as large as it is or as the window allows, with all that is known; arrows go to the next one."""
    explorer = replace(explorer, newest=explorer.journal.newest())
    position = explorer.position(explorer.state.face)
    if position is None:
        return
    row = _row(explorer, position)
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        source = face_sheet.data_url(picture(explorer, row, 960))
        alt = markup.esc(f"Face labelled {row['label']}")
        st.html(f'<img class="fer-large" src="{source}" alt="{alt}">')
        _arrows(explorer)
    with right:
        st.html(_about(explorer, row, position).replace("fer-this", "fer-this fer-words"))
        _decide(explorer, row, large=True)
        st.html(_more(explorer, row, position))


def _arrows(explorer: Explorer) -> None:
    """To the faces before and after this one on its sheet, whose page goes along."""
    order, paged = sheets.order(explorer)
    found = np.flatnonzero(order == explorer.position(explorer.state.face))

    def button(words: str, by: int, key: str, **more: Any) -> None:
        to = int(found[0]) + by if len(found) else -1
        there = 0 <= to < len(order)
        st.button(
            words, shortcut=key, disabled=not there, key=f"exp-large-{key}", on_click=go, args=(to,), **more
        )

    def go(to: int) -> None:
        explorer.state.face = explorer.facts.columns.ids(order[to : to + 1])[0]
        if paged:
            explorer.state.page = to // sheets.page_size(explorer)

    with st.container(horizontal=True, horizontal_alignment="distribute"):
        button("Previous", -1, "Left", icon=":material/chevron_left:")
        button("Next", 1, "Right", icon=":material/chevron_right:")

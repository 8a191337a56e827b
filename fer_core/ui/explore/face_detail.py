"""Everything known about one face, and what can be decided about it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.ui import cache, explore_cache, explore_sheets, faces, html, page
from fer_core.ui.explore_desk import FLAG_WORDS, Desk
from fer_core.ui.faces import each

_NEAR = 6
_RUNS = 4
_GRAVE = {"copy_across_splits", "copy_other_label", "likely_wrong", "humans_say_otherwise"}
_DONE = {"relabel": "relabelled", "keep": "kept", "delete": "deleted", "ambiguous": "ambiguous"}


def card(desk: Desk) -> None:
    """The face that is open, or what to do to open one."""
    with st.container(border=True, key="exp-face"):
        place = desk.place(desk.state.face)
        if place is None:
            st.html(html.heading("This face"))
            known = bool(desk.state.face)
            page.empty(
                "This face is not in this version" if known else "No face chosen",
                "Click one of the faces to see all that is known about it.",
            )
            return
        row = each(desk.facts.columns.frame(np.array([place])))[0]
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.html(html.heading("This face"))
            with st.container(horizontal=True, width="content", gap="xsmall"):
                if st.button("Enlarge", type="tertiary", icon=":material/open_in_full:", key="exp-enlarge"):
                    _large(desk, row, place)
                st.button(
                    "Close", type="tertiary", icon=":material/close:", key="exp-close",
                    on_click=desk.open, args=(desk.state.face,),
                )  # fmt: skip
        st.html(_about(desk, row, place))
        _decide(desk, row)
        _neighbours(desk, row, place)
        st.html(_more(desk, row, place))


def picture(desk: Desk, row: dict[str, Any], edge: int = 480) -> NDArray[np.uint8]:
    """The face as its file has it, where that shows more than 48 gray pixels and is still there."""
    small = cache.faces(desk.scope.dataset, [int(row["row"])])[0]
    if row["mode"] == "gray" and max(row["width"], row["height"]) <= small.shape[0]:
        return np.asarray(small)
    root, name = str(desk.scope.workspace.root), desk.scope.dataset.name
    found = explore_cache.picture(root, name, str(row["source"]), str(row["path"]), edge)
    return small if found is None else found


def _about(desk: Desk, row: dict[str, Any], place: int) -> str:
    source = faces.data_url(picture(desk, row))
    label = html.class_name(row["label"], desk.classes).text
    lines = [f"<b>{html.esc(row['split'])} / {label} / {html.esc(faces.file_name(row['path']))}</b>"]
    lines.append(f"{row['width']:,} × {row['height']:,} px, {row['mode']}, {html.esc(row['format'])}")
    lines.append(
        f"brightness {row['brightness']:.2f}, contrast {row['contrast']:.2f}, sharpness {row['sharpness']:.4f}"
    )
    if votes := desk.facts.votes_of(place):
        lines.append("votes: " + ", ".join(f"{html.esc(n)} {v}" for n, v in list(votes.items())[:4]))
    for run in desk.runs[:_RUNS]:
        said = explore_cache.run_answers(desk.scope.workspace, run)
        if row["image_id"] in said.index:
            one = said.loc[row["image_id"]]
            lines.append(f"run {html.esc(run.id)} says <b>{html.esc(one['said'])}</b> {one['p']:.2f}")
    chips = [
        html.chip("bad" if flag in _GRAVE else "look", FLAG_WORDS[flag]).text
        for flag in desk.flags()
        if flag != "copy" and desk.facts.flag(flag)[place]
    ]
    held = explore_cache.holding(desk.scope.dataset, desk.newest)
    if row["image_id"] in held.index:
        one = held.loc[row["image_id"]]
        what = f"→ {one['label']}" if one["action"] == "relabel" else _DONE[str(one["action"])]
        chips.append(html.chip("info", f"{what} by {one['who'] or 'you'}").text)
    told = "".join(f"<div>{line}</div>" for line in lines)
    verdicts = f'<div class="fer-chips">{"".join(chips)}</div>' if chips else ""
    alt = html.esc(f"Face labelled {row['label']}")
    return f'<div class="fer-this"><img src="{source}" alt="{alt}"><div>{told}{verdicts}</div></div>'


def _decide(desk: Desk, row: dict[str, Any]) -> None:
    image = [str(row["image_id"])]

    def press(words: str, shortcut: str | None, *args: str, **more: Any) -> None:
        options: dict[str, Any] = {"key": f"exp-do-{words}"} | more
        st.button(words, shortcut=shortcut, on_click=desk.decide, args=(image, *args), **options)

    st.html('<p class="fer-muted" style="margin:0">The right label is</p>')
    with st.container(horizontal=True, gap="xsmall", key="exp-labels"):
        for number, name in enumerate(desk.classes, start=1):
            press(
                name,
                str(number) if number < 10 else None,
                "keep" if name == row["label"] else "relabel",
                name,
                type="primary" if name == row["label"] else "secondary",
                key=f"exp-label-{name}",
                help="The label it has: keeps it" if name == row["label"] else None,
            )
    with st.container(horizontal=True, gap="xsmall", key="exp-actions"):
        press("Delete", "D", "delete", help="Left out of the next version; the file stays")
        press(
            "Ambiguous", "A", "ambiguous", help="Nobody can tell: a soft label, of the votes if there are any"
        )
        st.button("Undo", shortcut="U", icon=":material/undo:", key="exp-undo", on_click=desk.undo)
        st.button(
            "Find similar", shortcut="F", icon=":material/image_search:", key="exp-similar",
            on_click=desk.similar, args=(image[0],),
        )  # fmt: skip


def _neighbours(desk: Desk, row: dict[str, Any], place: int) -> None:
    near, similarity = explore_cache.nearest(desk.scope.dataset, desk.scope.version.id, place)
    hashes = desk.facts.columns.codes("pixel_hash")[0]
    other = hashes[near] != hashes[place]
    near, similarity = near[other][:_NEAR], similarity[other][:_NEAR]
    if not len(near):
        return
    codes, names = desk.facts.category("label")
    told = ", ".join(
        f"{count} {name}" for name, count in Counter(names[c] for c in codes[near]).most_common()
    )
    st.html(html.heading("Nearest", told))
    details = [f"{value:.2f} alike" for value in similarity]
    explore_sheets.strip(desk, near, "exp-near", "Nearest faces", details)


def _more(desk: Desk, row: dict[str, Any], place: int) -> str:
    """File, hashes, copies and history, folded away."""
    pairs: list[tuple[str, html.Cell]] = [("file", row["path"]), ("source", row["source"])]
    for name in ("subject", "group"):
        if value := row.get(name):
            pairs.append((name, str(value)))
    pairs += [("pixels", str(row["pixel_hash"])[:16]), ("pHash", f"{int(row['phash']):016x}")]
    pairs.append(("image id", str(row["image_id"])))
    group = desk.facts.copies["group"]
    twins = np.flatnonzero((group == group[place]) & desk.facts.readable)
    twins = twins[twins != place][:6]
    copies = each(desk.facts.columns.frame(twins, ["split", "label", "path"]))
    told = "; ".join(f"{c['split']} / {c['label']} / {faces.file_name(c['path'])}" for c in copies)
    pairs.append(("copies", told or "none of equal pixels"))
    if desk.checks_known:
        worst = [
            (n, desk.facts.measure(f"{n}_score")[place])
            for n in ("dark", "light", "blurry", "low_information")
        ]
        pairs.append(
            ("check scores", ", ".join(f"{FLAG_WORDS[n].split(' or')[0]} {v:.2f}" for n, v in worst))
        )
    if "label_score" in desk.measures() and np.isfinite(score := desk.facts.measure("label_score")[place]):
        pairs.append(("label score", f"{score:.3f} (low: probably wrong)"))
    for entry in each(desk.journal.history(str(row["image_id"])))[-5:]:
        what = f"{_DONE.get(entry['action'], entry['action'])} {entry['label']}".strip()
        gone = " (undone)" if entry["undone"] else ""
        pairs.append((str(entry["time"])[:16].replace("T", " "), f"{what} by {entry['who'] or 'you'}{gone}"))
    return f'<details class="fer-more"><summary>File, hashes, copies, history</summary>{html.facts(pairs)}</details>'


@st.dialog("Face", width="large")
def _large(desk: Desk, row: dict[str, Any], place: int) -> None:
    """The original, as large as it is or as the window allows, with all that is known."""
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        source = faces.data_url(picture(desk, row, 960))
        alt = html.esc(f"Face labelled {row['label']}")
        st.html(f'<img class="fer-large" src="{source}" alt="{alt}">')
    with right:
        st.html(_about(desk, row, place).replace("fer-this", "fer-this fer-words") + _more(desk, row, place).replace(
            "<details", "<details open"))  # fmt: skip

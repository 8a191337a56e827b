"""The step between choosing a source and importing it: what its classes are called, and what they become."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import streamlit as st

from fer_core.base.emotions import EMOTIONS, canonical_emotion, ordered_splits
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.importing import uploads
from fer_core.data.importing.class_mapping import NUMBERINGS
from fer_core.data.importing.import_report import left_out_lines, understood_lines
from fer_core.data.importing.options import Options
from fer_core.data.importing.preview import FoundClass, SourcePreview, preview_source
from fer_core.data.readers.deliveries import AUTO, NONE
from fer_core.jobs.tasks import Import
from fer_core.ui.components import markup, messages
from fer_core.ui.components.face_sheet import data_url, sprite

KEY = "fer-mapping"
_LEAVE_OUT = "leave out"
_MOST = 40  # classes with a row of their own
SETS = {"fer2013": "FER2013", "affectnet": "AffectNet", "rafdb": "RAF-DB", "": "No set: keep the numbers"}
KEEP = {
    "all": "All classes",
    "4": "4: happy, surprise, neutral, sad",
    "7": "7: all but contempt",
    "8": "8: all emotions",
}


@dataclass(frozen=True)
class Pending:
    """A source that was looked into and waits for its classes.

    Attributes:
        path: of the source, or of an upload.
        name: of the dataset to be.
        own: whether it is an upload, which the dataset takes over.
        options: labels and votes, and whether a public set's layout is looked for.
        found: what is in it.
        recognised: name of the public set whose layout it has; "" for none.
        failure: why it cannot be read otherwise than it is.
    """

    path: Path
    name: str
    own: bool
    options: Options
    found: SourcePreview
    recognised: str = ""
    failure: str = ""


def look(path: Path, name: str, own: bool, options: Options) -> Pending:
    """Look into a source. Raises FerError."""
    with st.spinner("Looking at the classes"):
        found = preview_source(path, options)
    recognised = found.understood.delivery if found.understood.delivery_key else ""
    return Pending(path, name, own, options, found, recognised)


def plain(pending: Pending) -> bool:
    """Whether nothing has to be asked: every class is an emotion by its name, or by a format that says so."""
    own = pending.found
    named = all(one.certain or (own.kind == "csv" and one.proposed in EMOTIONS) for one in own.classes)
    return named and not own.unclear and not own.understood.delivery_key


def keep(pending: Pending) -> None:
    """Ask about this source from the next run on."""
    st.session_state[KEY] = pending


def waiting() -> Pending | None:
    """The source that is asked about."""
    return st.session_state.get(KEY)


def drop(workspace: Workspace) -> None:
    """Ask no longer; an upload that was not imported is deleted."""
    pending: Pending | None = st.session_state.pop(KEY, None)
    if pending and pending.own:
        uploads.discard(workspace, (pending.path, *pending.options.labels, pending.options.votes))


def chosen(pending: Pending) -> Import | None:
    """Draw the step; the import once the reader has pressed the button."""
    found = pending.found
    total = sum(one.images for one in found.classes)
    st.html(
        markup.heading(
            f"What {pending.name} calls its classes", f"{markup.plural(total, 'image')}, {found.kind}"
        )
        + '<p class="fer-note">Known spellings are filled in. The choice is kept with the dataset and holds again when '
        "new files are added.</p>"
    )
    _recognised(pending)
    numbering = ""
    if found.numbering:
        order = [found.numbering, *(name for name in SETS if name != found.numbering)]
        numbering = st.segmented_control(
            "The classes are numbers. Of which set?", order, default=order[0], required=True, format_func=SETS.__getitem__,
            key="map-numbering", help="Public sets number their classes differently. The faces tell which it is.",
        )  # fmt: skip
    names = {one.name: _row(one, pending, numbering) for one in found.classes[:_MOST]}
    if len(found.classes) > _MOST:
        st.caption(f"{len(found.classes) - _MOST:,} smaller classes keep their names.")
    classes = st.selectbox("Keep", list(KEEP), format_func=KEEP.__getitem__, key="map-keep")
    skip = [
        word
        for word, n in found.unclear.items()
        if st.checkbox(
            f"Leave out {markup.plural(n, 'image')} that most voters called {word}", key=f"map-skip-{word}"
        )
    ]
    _outcome(pending, names, str(classes))
    if not st.button("Add dataset", type="primary", icon=":material/add:", key="map-add"):
        return None
    mapping = tuple(f"{name}={ours}" for name, ours in names.items() if ours is not None)
    return Import(
        str(pending.path),
        pending.name,
        labels=tuple(pending.options.labels),
        votes=pending.options.votes,
        mapping=mapping,
        skip=tuple(skip),
        classes=str(classes),
        own=pending.own,
        delivery=pending.options.delivery,
        accept_classes=True,
    )


def _recognised(pending: Pending) -> None:
    """What the source was recognised as, which can be declined, and why an import would stop."""
    found = pending.found
    if pending.recognised:
        key = f"map-as-{pending.path}"
        st.checkbox(
            f"Read it as {pending.recognised}", value=True, key=key, on_change=_read_otherwise, args=(pending, key),
            help="Else by its folders and lists only.",
        )  # fmt: skip
    for line in understood_lines(asdict(found.understood), ""):
        st.html(f'<p class="fer-note">{markup.esc(line[:1].upper() + line[1:])}.</p>')
    for trouble in (pending.failure, found.stops):
        if trouble:
            messages.warning(trouble, icon=":material/help:")


def _read_otherwise(pending: Pending, key: str) -> None:
    """Look into the source again, as the public set it looks like or by its folders and lists only."""
    wanted = AUTO if st.session_state[key] else NONE
    options = replace(pending.options, delivery=wanted)
    try:
        found = preview_source(pending.path, options)
    except FerError as error:
        st.session_state[key] = wanted == NONE
        keep(replace(pending, failure=str(error)))
    else:
        keep(replace(pending, options=options, found=found, failure=""))


def _outcome(pending: Pending, names: dict[str, str | None], classes: str) -> None:
    """Splits and classes as they will be, and what is left out."""
    found = pending.found
    usual = {one.name: _usual(one, pending) for one in found.classes}
    result = found.becomes(usual | {name: ours for name, ours in names.items() if ours is not None}, classes)
    total = sum(result["splits"].values())
    bare = total - result["images"]
    known = list(result["classes"])
    rows: list[list[markup.Cell]] = []
    for split, images in result["splits"].items():
        own = [result["counts"][split][name] for name in known]
        rows.append([split, *own, *([images - sum(own)] if bare else []), images])
    header = ["split", *known, *(["no class"] if bare else []), "images"]
    st.html(
        markup.heading(
            "What it becomes", f"{markup.plural(result['images'], 'image')}, if every file can be read"
        )
        + markup.table(header, rows, numeric=list(range(1, len(header))), caption="What it becomes")
    )
    if lines := left_out_lines(found.left_out, "named in the report of the import"):
        st.html(f'<p class="fer-muted">{"<br>".join(markup.esc(line) for line in lines)}</p>')


def _usual(one: FoundClass, pending: Pending) -> str:
    """What a class becomes where nothing is said of it; "" for left out."""
    by_format = pending.found.kind == "csv" or pending.found.understood.delivery
    return one.proposed if by_format else canonical_emotion(one.name)


def _row(one: FoundClass, pending: Pending, numbering: str) -> str | None:
    """Faces, name and choice of one class; what it becomes ("" for left out), None where that needs no saying."""
    usual = _usual(one, pending) or _LEAVE_OUT
    proposed = NUMBERINGS.get(numbering, {}).get(one.name.strip(), one.likely or usual) or _LEAVE_OUT
    options = list(dict.fromkeys([proposed, usual, *EMOTIONS, _LEAVE_OUT]))
    picture, words, choice = st.columns([1.2, 1, 1.2], vertical_alignment="center")
    if len(one.faces):
        url = data_url(sprite(one.faces, 3))
        picture.html(
            f'<img src="{url}" alt="{len(one.faces)} faces of {markup.esc(one.name)}" '
            'style="width:156px;border-radius:8px;display:block">'
        )
    mark = "" if one.certain or usual in (*EMOTIONS, _LEAVE_OUT) else " · not known as an emotion"
    splits = ", ".join(f"{markup.esc(split)} {one.splits[split]:,}" for split in ordered_splits(one.splits))
    words.html(f'<div><b>{markup.esc(one.name)}</b><br><span class="fer-muted">{splits}{mark}</span></div>')
    ours = choice.selectbox(
        f"{one.name} becomes", options, key=f"map-{numbering}-{one.name}", accept_new_options=True,
        label_visibility="collapsed",
    )  # fmt: skip
    if ours == usual:
        return None
    return "" if ours == _LEAVE_OUT else str(ours)

"""The story so far: every version, what made it, and what the models trained on it reach; and what the faces look like."""

from __future__ import annotations

import streamlit as st

from fer_core.base.emotions import ordered_classes
from fer_core.data.manifest import readable
from fer_core.jobs.tasks import WriteReport
from fer_core.reports.status_parts import DatasetStatus, VersionStory
from fer_core.ui.components import face_sheet, links, markup, tables
from fer_core.ui.components.markup import Cell
from fer_core.ui.shell import cache, file_job, page
from fer_core.ui.shell.next_step import PAGES

_FACES = 6


def versions(scope: page.Scope, found: DatasetStatus) -> None:
    """A row for each version, the newest first, with its best run; figures of different validation parts are not compared."""
    to = st.session_state.pop("home-version", None)
    if to:
        st.switch_page(
            PAGES["explore"], query_params={"dataset": found.dataset, "version": to, "view": "Versions"}
        )
    rows = [_row(scope, each) for each in found.story[::-1]]
    table = markup.table(
        ["version", "made by", "what changed", "certificate", "runs", "best on its own val"],
        rows,
        numeric=(4, 5),
    )
    note = "Each figure is of the version's own validation part: Compare judges runs on common pictures."
    with st.container(border=True):
        st.html(markup.heading("The story so far", f"{markup.plural(len(rows), 'version')}, newest first"))
        links.draw(table, key="home-story", on_go=_go)
        st.html(f'<p class="fer-muted">{note}</p>')


def _go(where: str) -> None:
    st.session_state["home-version"] = where


def _row(scope: page.Scope, each: VersionStory) -> list[Cell]:
    version = each.version
    title = f"v{version.number}{f' · {version.name}' if version.name else ''}"
    held: Cell = "–"
    if each.certified is not None:
        held = markup.chip("good", "holds") if each.certified else markup.chip("bad", "does not hold")
    scored = [row for row in each.runs if row["val_accuracy"] is not None]
    best: Cell = "–"
    if scored:
        first = scored[0]
        span = (
            f" ({first['val_low']:.3f} to {first['val_high']:.3f})"
            if first["val_low"] and first["val_high"]
            else ""
        )
        best = f"{first['val_accuracy']:.3f}{span}, {first['recipe']}"
    told = links.go(title, version.id, f"Look at version {version.number}")
    return [told, tables.origin(version, scope.dataset), each.changed, held, len(each.runs), best]


def whole(scope: page.Scope) -> None:
    """The story as one document: made by a job, and fetched."""
    with st.container(border=True):
        st.html(
            markup.heading("The whole story", "one document to keep or send")
            + '<p class="fer-muted">Problem, repair, every model, what each step brought, errors, the winner and why, and how '
            "to do it "
            "again. It loads nothing from anywhere.</p>"
        )
        faces = st.toggle("With faces", value=True, key="home-story-faces")
        name = f"{scope.dataset.name}-story{'' if faces else '-without-faces'}.html"
        file_job.offer(
            scope.workspace,
            WriteReport(
                scope.dataset.name,
                scope.dataset.head,
                story=str(scope.workspace.exports / name),
                no_faces=not faces,
            ),
            key=f"story-{faces}",
            make="Tell the story",
            mime="text/html",
            icon=":material/auto_stories:",
            again="Tell it again",
        )


def looks(scope: page.Scope) -> None:
    """Some faces of each class, always the same ones."""
    table = readable(scope.manifest)
    with st.container(border=True):
        st.html(markup.heading("What it looks like", f"{_FACES} faces of each class"))
        for name in ordered_classes(set(table["label"])):
            own = table[table["label"] == name]
            some = own.sample(min(_FACES, len(own)), random_state=0)
            picture = face_sheet.data_url(face_sheet.sprite(cache.faces(scope.dataset, some["row"]), _FACES))
            alt = markup.esc(f"{len(some)} faces labelled {name}")
            words = f"<span>{markup.class_name(name)} <small>{len(own):,}</small></span>"
            st.html(f'<div class="fer-looks">{words}<img src="{picture}" alt="{alt}"></div>')

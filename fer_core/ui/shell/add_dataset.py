"""Adding a dataset: the sample, a folder or archive on the server, or an archive dropped in the page.

The import runs as a job in a process of its own; this shows its count and time left and survives a reload.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from fer_core import jobs
from fer_core.base.errors import AlreadyExists, BadName, FerError, SourceError
from fer_core.base.workspace import Workspace, check_name
from fer_core.data.datasets import list_datasets
from fer_core.data.importing import uploads
from fer_core.data.importing.import_report import left_out_lines
from fer_core.data.importing.options import Options
from fer_core.jobs.tasks import AddSample, Import
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import class_mapping, job_progress, next_step
from fer_core.ui.shell.server_paths import allowed

_SAID_FOR = 20.0  # seconds
_FAILED = "fer-add-failed"
_LISTS = "Labels or votes in a CSV of their own"
_VOTES = "Counts per class and image, as FER+'s: line by line for a table of pictures, else by file name."
_TOUR = (
    ("Here", "choose “The built-in sample” above and add it."),
    ("Explore", "how many faces of which class, and what is wrong with some. Click a count to see them."),
    ("Duplicates", "Enter accepts what is proposed for a group of copies, U takes it back."),
    ("Wrong labels", "rank the labels, and decide on the likeliest mistakes by key."),
    ("Stratify", "new splits with all copies on one side, proven by a certificate."),
    ("Try it", "the model that ships with the app answers three drawn faces, or a photo of yours."),
    ("Home", "at any time: what is done, what is open, and what is next."),
)
ARCHIVES = ("zip", "tar", "gz", "tgz", "bz2", "xz", "csv", "parquet", "npz", "h5", "hdf5", "tfrecord")


def _proposed(path: str) -> str:
    stem = re.sub(
        r"(\.(zip|tar|gz|tgz|bz2|xz|csv|parquet|npz|h5|hdf5))+$", "", Path(path).name, flags=re.IGNORECASE
    )
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:64]


def _free_name(workspace: Workspace, name: str) -> str:
    clean = check_name(name, new=True)
    if clean in [d.name for d in list_datasets(workspace)]:
        raise AlreadyExists(
            "A dataset of that name is here already", received=clean, hint="Choose another name"
        )
    return clean


def _start(workspace: Workspace, task: Import | AddSample) -> None:
    st.session_state["fer-import"] = (jobs.start(workspace, task).id, task.dataset)
    st.rerun()


def _again() -> None:
    st.rerun(scope="fragment" if st.session_state.get("fer-in-dialog") else "app")


def _go_on(workspace: Workspace, asked: AskedImport) -> None:
    """Look into a source; start where all is clear, else ask about its classes. Reruns either way, or raises."""
    path, options, kept = asked.path, asked.options, list[Path]()
    try:
        if asked.upload is not None:
            with st.spinner(f"Writing {asked.upload.name} to the workspace"):
                kept = [uploads.keep(workspace, each, each.name) for each in asked.every_upload]
            lists = iter(kept[1:])
            path = kept[0]
            options = Options(
                labels=str(next(lists)) if asked.labels else "", votes=str(next(lists)) if asked.votes else ""
            )
        own = asked.upload is not None
        pending = class_mapping.look(path, asked.name, own, options)
    except FerError:
        uploads.discard(workspace, kept)
        raise
    class_mapping.keep(pending)
    if not asked.look and class_mapping.plain(pending):
        st.session_state.pop(class_mapping.KEY)
        _start(workspace, Import(str(path), asked.name, tuple(options.labels), options.votes, own=own))
    _again()


def _classes(workspace: Workspace, pending: class_mapping.Pending) -> None:
    """The step about the classes of a source."""
    if task := class_mapping.chosen(pending):
        st.session_state.pop(class_mapping.KEY)
        _start(workspace, task)
    if st.button("Back", icon=":material/arrow_back:", key="map-back"):
        class_mapping.drop(workspace)
        _again()


@dataclass(frozen=True)
class AskedImport:
    """What was asked for by a press on the form.

    Attributes:
        name: of the dataset to be.
        look: whether to show the classes first.
        path, options: a source on the server, with its lists.
        upload, labels, votes: files that were dropped instead.
    """

    name: str
    look: bool
    path: Path = Path()
    options: Options = field(default_factory=Options)
    upload: UploadedFile | None = None
    labels: UploadedFile | None = None
    votes: UploadedFile | None = None

    @property
    def every_upload(self) -> list[UploadedFile]:
        return [each for each in (self.upload, self.labels, self.votes) if each is not None]


def _add_buttons(disabled: bool = False) -> tuple[bool, bool]:
    """Whether to add, and whether to show the classes first. Not disabled where a field is typed into: a click that leaves
    the field, and so enables the button, would be lost."""
    with st.container(horizontal=True):
        add = st.button(
            "Add dataset", type="primary", icon=":material/add:", key="add-now", disabled=disabled
        )
        look = st.button(
            "Look at the classes first", icon=":material/visibility:", key="add-look", disabled=disabled
        )
    return add, look


def _sample(workspace: Workspace) -> None:
    st.html(
        '<p class="fer-note">About 1,200 drawn faces in four emotions, with copies, leaks, wrong labels and broken '
        "files planted on purpose. Every page can be tried on it in five minutes.</p>"
    )
    if st.button("Add the sample", type="primary", icon=":material/add:"):
        _free_name(workspace, "sample")
        _start(workspace, AddSample("sample"))


def _on_server(workspace: Workspace) -> AskedImport | None:
    """A folder or archive on the server, with lists beside it."""
    path = st.text_input(
        "Path on the server", placeholder="/data/faces or /data/faces.zip", key="add-path"
    ).strip()
    name = st.text_input("Name", value=_proposed(path), key=f"add-name-{path}")
    st.html('<p class="fer-muted">The files stay where they are and are never changed.</p>')
    with st.expander(_LISTS):
        labels = st.text_input("Labels", placeholder="/data/legend.csv", key="add-labels").strip()
        votes = st.text_input(
            "Votes", placeholder="/data/fer2013new.csv", key="add-votes", help=_VOTES
        ).strip()
    add, look = _add_buttons()
    if not (add or look):
        return None
    if not path:
        raise SourceError(
            "No path was given", received="nothing", hint="Type where the folder or archive lies"
        )
    for each in filter(None, (labels, votes)):
        allowed(each)
    source = allowed(path)
    if not source.exists():
        raise SourceError(
            "There is nothing at that path on the server", received=path, hint="Check the spelling"
        )
    return AskedImport(_free_name(workspace, name), look, source, Options(labels=labels, votes=votes))


def _dropped(workspace: Workspace) -> AskedImport | None:
    """An archive dropped on the page, with lists of its own."""
    upload = st.file_uploader(
        "A zip or tar: class folders, images with lists, or a public set as delivered; fer2013.csv, Parquet, .npz, HDF5",
        type=list(ARCHIVES),
        key="add-file",
    )
    name = st.text_input(
        "Name", value=_proposed(upload.name) if upload else "", key=f"add-name-{upload and upload.name}"
    )
    st.html(
        '<p class="fer-muted">Folders: split/class, class/split, or class alone, in any usual spelling.</p>'
    )
    with st.expander(_LISTS):
        labels = st.file_uploader("Labels", key="add-labels-file")
        votes = st.file_uploader("Votes", key="add-votes-file", help=_VOTES)
    add, look = _add_buttons(upload is None)
    if upload is None or not (add or look):
        return None
    return AskedImport(_free_name(workspace, name), look, upload=upload, labels=labels, votes=votes)


def _form(workspace: Workspace) -> None:
    """The three ways in, or the step about classes. What is asked for takes the place of the form at once."""
    place = st.empty()
    if pending := class_mapping.waiting():
        with place.container(key="add-classes"):
            _classes(workspace, pending)
        return
    try:
        with place.container(key="add-form"):
            if failed := st.session_state.pop(_FAILED, ""):
                messages.error(failed)
            way = st.segmented_control(
                "Where is it?", list(_WAYS), default=next(iter(_WAYS)), required=True, key="add-way"
            )
            asked = _WAYS[str(way)](workspace)
        if asked:
            with place.container(key="add-looking"):
                _go_on(workspace, asked)
    except (FerError, BadName) as error:
        st.session_state[_FAILED] = str(error)
        _again()


_WAYS: dict[str, Callable[[Workspace], AskedImport | None]] = {
    "Drop an archive": _dropped,
    "A folder or archive on the server": _on_server,
    "The built-in sample": _sample,
}


def _ended(job: jobs.Job, name: str) -> None:
    """Open the dataset that is there now, or say why it is not."""
    st.session_state.pop("fer-import", None)
    if job.state == "finished":
        st.session_state["fer-dataset"], st.session_state["fer-version"] = name, None
        found = job.result
        where = f"fer describe {name} --json lists them all"
        words = f"{name} is here: {found['images']:,} images in {len(found['classes'])} classes"
        next_step.made(name, found["version"], words, left_out_lines(found["problems"], where))
        st.query_params["dataset"] = name
        st.query_params.pop("version", None)
    else:
        st.session_state["fer-import-failed"] = (
            time.monotonic(),
            f"{name} was not added. {job.error or 'It was stopped. Added again, a source on the server goes on where it was.'}",
        )


def progress(workspace: Workspace) -> None:
    """At the top of a page: the import this session started, and how the last one ended."""
    if running := st.session_state.get("fer-import"):
        job = jobs.get(workspace, running[0])
        with st.container(border=job.state == "running"):
            followed = job_progress.job_card(job, on_end=lambda job: _ended(job, running[1]))
        if not followed:
            _ended(job, running[1])
            st.rerun()
    # Kept for a while, not for one run: the timer of the view above may ask for one more.
    when, failed = st.session_state.get("fer-import-failed", (0.0, ""))
    if failed and time.monotonic() - when < _SAID_FOR:
        messages.error(failed, icon=":material/error:")


@st.dialog("Add a dataset", width="medium")
def dialog(workspace: Workspace) -> None:
    """The form in a dialog, for a workspace that has datasets already."""
    st.session_state["fer-in-dialog"] = True
    _form(workspace)


def welcome(workspace: Workspace) -> None:
    """The first screen of an empty workspace."""
    if "fer-import" in st.session_state:
        return
    st.session_state["fer-in-dialog"] = False
    with st.container(border=True):
        st.html(
            markup.heading("Add your first dataset")
            + '<p class="fer-note">A folder or archive of labelled faces. It is read where it is and never changed.</p>'
        )
        _form(workspace)
    with st.container(border=True):
        steps = "".join(f"<li><b>{markup.esc(page)}</b>: {markup.esc(what)}</li>" for page, what in _TOUR)
        st.html(markup.heading("Two minutes with the sample") + f'<ol class="fer-notes">{steps}</ol>')

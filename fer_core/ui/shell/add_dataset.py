"""Adding a dataset: the sample, a folder or archive on the server, or an archive dropped in the page.

The import runs as a job in a process of its own; this shows its count and time left and survives a reload.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from fer_core import jobs
from fer_core.base.errors import AlreadyExists, BadName, FerError, SourceError
from fer_core.base.workspace import Workspace, check_name
from fer_core.data.datasets import list_datasets
from fer_core.data.importing.import_report import left_out_lines
from fer_core.data.importing.options import Options
from fer_core.jobs.tasks import AddSample, Import
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import class_mapping, job_progress
from fer_core.ui.shell.server_paths import allowed

_SAID_FOR = 20.0  # seconds
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


def _keep_upload(workspace: Workspace, upload: BinaryIO, filename: str) -> Path:
    """Write an upload to the workspace in pieces; the import then takes it over."""
    folder = workspace.jobs / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{abs(hash((filename, id(upload)))):x}-{check_name(Path(filename).name, 'file')}"
    with open(target, "wb") as file:
        while block := upload.read(1 << 20):
            file.write(block)
    return target


def _start(workspace: Workspace, task: Import | AddSample) -> None:
    st.session_state["fer-import"] = (jobs.start(workspace, task).id, task.dataset)
    st.rerun()


def _go_on(workspace: Workspace, path: Path, name: str, own: bool, options: Options, ask: bool) -> None:
    """Look into a source; start where all is clear, else ask about its classes. Reruns either way, or raises."""
    try:
        pending = class_mapping.look(path, name, own, options)
    except FerError:
        if own:
            path.unlink(missing_ok=True)
        raise
    class_mapping.keep(pending)
    if not ask and class_mapping.plain(pending):
        st.session_state.pop(class_mapping.KEY)
        _start(workspace, Import(str(path), name, tuple(options.labels), options.votes, own=own))
    st.rerun(scope="fragment" if st.session_state.get("fer-in-dialog") else "app")


def _classes(workspace: Workspace, pending: class_mapping.Pending) -> None:
    """The step about the classes of a source."""
    if task := class_mapping.chosen(pending):
        st.session_state.pop(class_mapping.KEY)
        _start(workspace, task)
    if st.button("Back", icon=":material/arrow_back:", key="map-back"):
        class_mapping.drop()
        st.rerun(scope="fragment" if st.session_state.get("fer-in-dialog") else "app")


def _files() -> Options:
    """Labels and votes in files of their own, on the server."""
    with st.expander("Labels or votes in a CSV of their own"):
        labels = st.text_input("Labels", placeholder="/data/legend.csv", key="add-labels").strip()
        votes = st.text_input(
            "Votes", placeholder="/data/fer2013new.csv", key="add-votes",
            help="Counts per class and image, as FER+'s: line by line for a table of pictures, else by file name.",
        ).strip()  # fmt: skip
    for each in filter(None, (labels, votes)):
        allowed(each)
    return Options(labels=labels, votes=votes)


def _add_buttons(disabled: bool) -> tuple[bool, bool]:
    """Whether to add, and whether to show the classes first."""
    with st.container(horizontal=True):
        add = st.button("Add dataset", type="primary", icon=":material/add:", disabled=disabled)
        look = st.button("Look at the classes first", icon=":material/visibility:", disabled=disabled)
    return add, look


def _form(workspace: Workspace) -> None:
    """The three ways in. Calls `_start`, which reruns, or shows why not."""
    if pending := class_mapping.waiting():
        _classes(workspace, pending)
        return
    ways = ["Drop an archive", "A folder or archive on the server", "The built-in sample"]
    way = st.segmented_control("Where is it?", ways, default=ways[0], required=True, key="add-way")
    try:
        if way == ways[2]:
            st.html(
                '<p class="fer-note">About 1,200 drawn faces in four emotions, with copies, leaks, wrong labels and broken '
                "files planted on purpose. Every page can be tried on it in five minutes.</p>"
            )
            if st.button("Add the sample", type="primary", icon=":material/add:"):
                _free_name(workspace, "sample")
                _start(workspace, AddSample("sample"))
        elif way == ways[1]:
            path = st.text_input(
                "Path on the server", placeholder="/data/faces or /data/faces.zip", key="add-path"
            ).strip()
            name = st.text_input("Name", value=_proposed(path), key=f"add-name-{path}")
            st.html('<p class="fer-muted">The files stay where they are and are never changed.</p>')
            options = _files()
            add, look = _add_buttons(not path)
            if add or look:
                source = allowed(path)
                if not source.exists():
                    raise SourceError(
                        "There is nothing at that path on the server",
                        received=path,
                        hint="Check the spelling",
                    )
                clean = _free_name(workspace, name)
                _go_on(workspace, source, clean, False, options, look)
        else:
            upload = st.file_uploader(
                "A zip or tar: class folders, images with lists, or a public set as delivered; fer2013.csv, Parquet, .npz, HDF5",
                type=list(ARCHIVES),
                key="add-file",
            )
            name = st.text_input(
                "Name",
                value=_proposed(upload.name) if upload else "",
                key=f"add-name-{upload and upload.name}",
            )
            st.html(
                '<p class="fer-muted">Folders: split/class, class/split, or class alone, in any usual spelling.</p>'
            )
            add, look = _add_buttons(upload is None)
            if (add or look) and upload:
                clean = _free_name(workspace, name)
                kept = _keep_upload(workspace, upload, upload.name)
                _go_on(workspace, kept, clean, True, Options(), look)
    except (FerError, BadName) as error:
        messages.error(str(error), icon=":material/error:")


def _ended(job: jobs.Job, name: str) -> None:
    """Open the dataset that is there now, or say why it is not."""
    st.session_state.pop("fer-import", None)
    if job.state == "finished":
        st.session_state["fer-dataset"], st.session_state["fer-version"] = name, None
        st.session_state["fer-added"] = (time.monotonic(), job.result)
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
    when, added = st.session_state.get("fer-added", (0.0, {}))
    if added and time.monotonic() - when < _SAID_FOR:
        messages.success(
            f"{added['name']} is here: {added['images']:,} images in {len(added['classes'])} classes.",
            icon=":material/check:",
        )
        where = f"fer describe {added['name']} --json lists them all"
        if lines := left_out_lines(added["problems"], where):
            st.html(f'<p class="fer-muted">{"<br>".join(markup.esc(line) for line in lines)}</p>')


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

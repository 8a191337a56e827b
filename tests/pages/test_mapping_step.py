"""The step before an import: what a source was recognised as, splits by classes as they will be, what is left out."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_sources import png
from opened_pages import opened
from streamlit.testing.v1 import AppTest

from fer_core import jobs
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.cli.importing import inspect
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.importing.import_report import read_as
from fer_core.data.importing.options import Options
from fer_core.jobs.tasks import Import

SCRIPT = """
from pathlib import Path
import streamlit as st
from fer_core.data.importing.options import Options
from fer_core.ui.shell import class_mapping
if "looked" not in st.session_state:
    st.session_state["looked"] = True
    class_mapping.keep(class_mapping.look(Path({path!r}), "faces", False, Options()))
task = class_mapping.chosen(class_mapping.waiting())
if task:
    st.write("as " + task.delivery + ", " + ";".join(task.mapping))
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """AffectNet in miniature: train of 0, 1, 1, 8 and val of 1, one text, one picture without an annotation."""
    random, number = np.random.default_rng(4), 0
    for split, codes in {"train": (0, 1, 1, 8, None), "val": (1,)}.items():
        for kind in ("images", "annotations"):
            (tmp_path / f"set/{split}_set/{kind}").mkdir(parents=True)
        for code in codes:
            folder, number = tmp_path / f"set/{split}_set", number + 1
            (folder / f"images/{number}.png").write_bytes(
                png(random.integers(0, 256, (48, 48), dtype=np.uint8))
            )
            if code is not None:
                np.save(folder / f"annotations/{number}_exp.npy", np.array(str(code)))
    (tmp_path / "set/notes.txt").write_text("By hand.")
    return tmp_path / "set"


def html(app: AppTest) -> str:
    return " ".join(str(element.proto.body) for element in app.main.get("html"))


def test_the_step_shows_what_the_import_then_makes(workspace: Workspace, source: Path) -> None:
    app = AppTest.from_string(SCRIPT.format(path=str(source)), default_timeout=60).run()
    shown = html(app)
    assert not app.exception
    assert "Read as AffectNet: classes, valence and arousal by the .npy files" in shown
    assert "--as" not in shown
    made = describe(import_dataset(workspace, source, "faces"))
    assert (made["images"], made["splits"]) == (4, {"train": 4, "val": 1, "test": 0})
    cells = [part.split("</td>")[0].rpartition(">")[2] for part in shown.split("<td")[1:]]
    assert cells == ["train", "2", "1", "1", "4", "val", "1", "0", "0", "1", "test", "0", "0", "0", "0"]
    for words in ("unlabelled: 1 picture", "8 none: 1", "notes.txt: A text"):
        assert words in shown


def test_the_layout_can_be_declined_where_there_is_another_reading(tmp_path: Path) -> None:
    for number in range(4):
        file = tmp_path / f"set/{('angry', 'happy')[number % 2]}/S010_004_0000001{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(np.full((48, 48), 40 * number + 9, np.uint8)))
    app = AppTest.from_string(SCRIPT.format(path=str(tmp_path / "set")), default_timeout=60).run()
    assert app.checkbox[0].label == "Read it as CK+48"
    app.checkbox[0].uncheck().run()
    assert "Read as" not in html(app)
    app.button(key="map-add").click().run()
    assert app.markdown[-1].value == "as none,"
    app.checkbox[0].check().run()
    assert "Read as CK+48" in html(app)


def test_what_cannot_be_read_otherwise_is_told(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for number, angle in enumerate(("S", "HL", "HR")):
        (tmp_path / f"set/AF01AN{angle}.JPG").write_bytes(png(np.full((48, 48), number, np.uint8)))
    app = AppTest.from_string(SCRIPT.format(path=str(tmp_path / "set")), default_timeout=60).run()
    app.checkbox[0].uncheck().run()
    assert app.checkbox[0].value
    assert "names no classes" in app.warning[0].value


def test_inspect_says_the_same(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inspect.main([str(source)], standalone_mode=False)
    said = capsys.readouterr().out
    assert "read as AffectNet" in said
    assert "--as none reads its folders and lists only" in said
    assert "As proposed it becomes 4 images:" in said
    assert "left out of the classes: 1 picture" in said
    train = next(line for line in said.splitlines() if line.startswith("train"))
    assert train.split() == ["train", "2", "1", "1", "4", "80.0%"]


def test_what_was_read_and_chosen_is_kept(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_text(
        "emotion,pixels,Usage\n"
        + "".join(f"{n},{' '.join(str(n + i) for i in range(64))},Training\n" for n in range(7))
    )
    alone = import_dataset(workspace, tmp_path / "fer2013.csv", "alone")
    within = import_dataset(workspace, tmp_path, "within")
    for dataset in (alone, within):
        assert read_as(dataset.about["understood"]).startswith("FER2013 as on Kaggle: emotion 0 to 6")
    (tmp_path / "kdef").mkdir()
    for angle in ("S", "FL"):
        (tmp_path / f"kdef/AF01AN{angle}.JPG").write_bytes(png(np.full((48, 48), len(angle) * 50, np.uint8)))
    options = Options(choices={"angle": "S"})
    kdef = import_dataset(workspace, tmp_path / "kdef", "kdef", options=options)
    assert read_as(kdef.about["understood"]).endswith("the person is the subject; angle=S")


def test_lists_dropped_beside_an_archive_are_those_of_its_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    asked: list[Import] = []

    def start(workspace: Workspace, task: Import) -> None:
        asked.append(task)
        raise FerError("Enough for this test")

    monkeypatch.setattr(jobs, "start", start)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(4):
            file.writestr(f"pictures/{number}.png", png(np.full((48, 48), 50 * number, np.uint8)))
    legend = "image,emotion\n" + "".join(f"{n}.png,{('happy', 'sad')[n % 2]}\n" for n in range(4))
    votes = "image,happy,sad\n" + "".join(f"{n}.png,{n},{10 - n}\n" for n in range(4))
    app = opened("pages/data/home.py")
    app.file_uploader(key="add-file").set_value(("my set.zip", archive.getvalue(), "application/zip"))
    app.file_uploader(key="add-labels-file").set_value(("legend.csv", legend.encode(), "text/csv"))
    app.file_uploader(key="add-votes-file").set_value(("votes.csv", votes.encode(), "text/csv")).run()
    app.button(key="add-now").click().run()
    (task,) = asked
    assert (task.dataset, Path(task.path).name, task.own) == ("my-set", "my set.zip", True)
    assert [Path(one).name for one in (*task.labels, task.votes)] == ["legend.csv", "votes.csv"]
    made = import_dataset(
        Workspace(tmp_path), Path(task.path), "set", options=Options(labels=task.labels, votes=task.votes)
    )
    assert made.manifest()["label"].tolist() == ["happy", "sad", "happy", "sad"]
    assert made.about["vote_classes"] == ["happy", "sad"]

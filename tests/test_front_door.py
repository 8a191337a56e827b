"""`import fer_core as fer`: the sentences of its docstring run on the sample, and importing it is light."""

from __future__ import annotations

import doctest
import importlib
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer_core as fer
from fer_core import jobs
from fer_core.api import html
from fer_core.base.errors import JobError
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.duplicates import reach, scan_store
from fer_core.jobs.task import Task
from fer_core.jobs.tasks import FindCopies
from fer_core.runs import store
from fer_core.scheduling import queue

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FER_HOME, empty; the working directory is a folder of its own."""
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def test_the_docstring_is_true(home: Path) -> None:
    found = doctest.DocTestFinder().find(fer, "fer_core", globs={})
    (sentences,) = [test for test in found if test.name == "fer_core"]
    said: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(sentences, out=said.append)
    assert outcome.attempted >= 12
    assert outcome.failed == 0, "".join(said)


WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in ROOT.glob("fer_core/**/*.py")
    if ">>> " in path.read_text(encoding="utf-8") and path.parent.name != "fer_core"
)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_of_the_library_are_true(module: str) -> None:
    outcome = doctest.testmod(importlib.import_module(module))
    assert outcome.attempted
    assert not outcome.failed


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, fer_core as fer; assert 'train' in dir(fer);"
        "print(sorted({'numpy', 'pandas', 'pydantic', 'click', 'cv2', 'keras', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("first", ["import fer_core.runs.store", "from fer_core.api import runs", "pass"])
def test_runs_is_a_room_and_can_be_called_in_any_order(home: Path, first: str) -> None:
    code = (
        f"{first}\nimport fer_core as fer\nassert len(fer.runs()) == 0\n"
        "from fer_core.runs import store\nassert fer.runs.store is store\nassert len(fer.runs()) == 0"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        _ = fer.nothing_of_that_name


def test_a_relabel_shows_in_the_version_and_nothing_before(home: Path) -> None:
    make_sample(Workspace(home), "faces", count=120)
    ds = fer.open("faces")
    rows = ds.table[ds.table["error"] == ""]
    image = str(rows[rows["label"] == "happy"]["image_id"].iloc[0])
    assert ds.relabel({image: "sad"}) is ds
    assert len(ds.versions) == 1
    v = ds.apply()
    assert (v.number, v.table.set_index("image_id").at[image, "label"]) == (2, "sad")
    assert ds.version("v1").table.set_index("image_id").at[image, "label"] == "happy"
    assert ds.apply().id == v.id


def test_what_a_notebook_shows_is_escaped(home: Path) -> None:
    make_sample(Workspace(home), "faces", count=120)
    ds = fer.open("faces")
    for shown in (ds, ds.version(), ds.duplicates(), ds.split(), fer.runs()):
        assert shown._repr_html_().startswith("<div><strong>")
        assert repr(shown).startswith("<")
    import pandas as pd

    page = html.card("<b>", "<i>", pd.DataFrame({"<u>": ["<script>"]}))
    assert not any(mark in page for mark in ("<b>", "<i>", "<u>", "<script>"))


def test_an_import_compares_the_pictures_as_page_and_verb_do(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = make_sample(Workspace(home / "elsewhere"), count=120).source_path
    at_once = fer.import_(faces, "at-once").data
    assert scan_store.stored_pairs(at_once, at_once.head) is not None
    later = fer.import_(faces, "later", compare=False).data
    assert scan_store.stored_pairs(later, later.head) is None
    monkeypatch.setattr(reach, "AT_ONCE_UP_TO", 3)
    started: list[Task] = []
    monkeypatch.setattr(jobs, "start", lambda workspace, task: started.append(task))
    large = fer.import_(faces, "large").data
    assert started == [FindCopies("large", large.head, "exact,near,mirrored", reach.DISTANCE)]

    def refused(workspace: Workspace, task: Task) -> None:
        raise JobError("The work could not be started")

    monkeypatch.setattr(jobs, "start", refused)
    with pytest.warns(fer.DataWarning, match="not compared yet: The work could not be started") as told:
        assert len(fer.import_(faces, "alone").table) == len(large.manifest())
    assert [each.filename for each in told] == [__file__]


def test_training_warns_of_what_the_page_shows_before_a_run_is_made(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "launch", lambda run: None)
    folder = home / "pictures"
    rng = np.random.default_rng(5)
    for split, label in ((s, c) for s in ("train", "val") for c in ("happy", "sad")):
        (folder / split / label).mkdir(parents=True)
        for number in range(20):
            noise = rng.integers(0, 255, (48, 48), np.uint8)
            Image.fromarray(noise).save(folder / split / label / f"{number}.png")
    Image.new("L", (48, 48), 90).save(folder / "train" / "sad" / "0.png")
    shutil.copy(folder / "train" / "sad" / "1.png", folder / "val" / "sad" / "1.png")  # one of forty
    ds = fer.import_(folder, "noise")
    with pytest.warns(fer.DataWarning) as told:
        fer.train(ds, "compact")
    said = [str(each.message) for each in told]
    assert [text for text in said if text.startswith("2.5% of val is in another split too. ")] == said[:1]
    assert said[1:] == [
        "1 blank picture. They teach nothing but their label.",
        "batch_size 64 is more than the 40 images to train on. An epoch is one batch: take a smaller one.",
    ]
    assert {Path(each.filename) for each in told} == {
        Path(__file__)
    }  # the line that called, not the library's
    with warnings.catch_warnings():
        warnings.simplefilter("error", fer.DataWarning)
        with pytest.raises(fer.DataWarning):
            fer.train(ds, "compact")
    assert len(fer.runs()) == 1


def test_a_run_from_start_to_scores(home: Path) -> None:
    make_sample(Workspace(home), "faces", count=200)
    v = fer.open("faces").split(60, 20, 20, seed=1).save()
    blocks = [{"kind": "conv", "filters": 8, "convs": 1, "strides": 2}, {"kind": "flatten"}]
    run = fer.train(v, "base", epochs=1, settings={"batch_size": 32, "model.blocks": blocks})
    assert run.wait().state == "finished"
    found = run.scores("val")
    accuracy = found["accuracy"] if isinstance(found, dict) else found.accuracy
    said = run.predictions("val")
    columns = [name for name in said if str(name).startswith("p_")]
    right = said[columns].to_numpy().argmax(1) == [columns.index(f"p_{label}") for label in said["label"]]
    assert accuracy == pytest.approx(right.mean())
    assert list(fer.runs().table["run"]) == [run.id] == [each.id for each in fer.runs()]
    assert run.id in run._repr_html_()
    assert fer.runs()["1"].id == store.get(Workspace(home), "1").id
    (face,) = fer.predict(fer.open("faces").write_image(said["image_id"].iloc[0], "face.png"), model=run.id)
    assert f"p_{face.label}" in columns

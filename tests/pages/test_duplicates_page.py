"""The Duplicates page: the score of a run without its leaked images, from stored predictions."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from made_runs import NAMES, answer
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core import jobs
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.exact import find_exact
from fer_core.recipes.recipe import load
from fer_core.runs.store import create_run

ROOT = Path(__file__).resolve().parents[2]


def test_leaks_that_flatter_a_run_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    workspace = Workspace(tmp_path)
    dataset = make_sample(workspace, count=400)
    manifest = dataset.manifest()
    leaks = find_exact(manifest).table
    learned = set(leaks.loc[leaks["split"] == "train", "group"])
    val = readable(manifest)[lambda t: t["split"] == "val"].reset_index(drop=True)
    leaked = val["image_id"].isin(leaks.loc[leaks["group"].isin(learned), "image_id"])
    assert leaked.sum() >= 3
    # Right on every leaked picture, on every other one of the rest: .5 without the leaks.
    right = leaked | (np.arange(len(val)) - leaked.cumsum()).mod(2).eq(0)
    said = [a if ok else NAMES[NAMES.index(a) - 1] for a, ok in zip(val["label"], right, strict=True)]
    run = create_run(workspace, dataset.name, dataset.head, load("compact"), state="finished")
    answer(run, "val", val, said)

    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/data/duplicates.py")
    app.run()
    assert not app.exception
    words = " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))
    found = re.search(
        r"accuracy ([\d.]+) with, ([\d.]+) without the (\d+) of (\d+)", re.sub("<[^>]+>", "", words)
    )
    assert found, "the leak cost is not on the page"
    with_, without, several, images = (float(value) for value in found.groups())
    assert images == len(val)
    assert several >= leaked.sum()  # the page counts near and mirrored copies too
    assert with_ == pytest.approx(right.mean(), abs=6e-4)
    assert without == pytest.approx(0.5, abs=0.05)
    assert with_ > without


def test_rotated_copies_are_found_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "faces" / "happy"
    folder.mkdir(parents=True)
    drawn = make_sample(Workspace(tmp_path / "drawn"), count=120)
    good = drawn.manifest()
    rows = good[(good["error"] == "") & (good["contrast"] > 0.1)]["row"].head(6)
    for number, row in enumerate(rows):
        Image.fromarray(drawn.pixels()[row]).save(folder / f"{number}.png")
    Image.fromarray(np.ascontiguousarray(np.rot90(drawn.pixels()[rows.iloc[0]]))).save(folder / "turned.png")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    import_dataset(Workspace(tmp_path / "home"), tmp_path / "faces", "turned")
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/data/duplicates.py")
    app.run()
    before = near_groups(app)
    app.toggle(key="dup-rotated").set_value(True).run()
    assert not app.exception
    assert near_groups(app) == before + 1


def test_the_sidebar_names_the_pass_of_a_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    told = jobs.Progress(177, 308, "pairs compared, mirrored")
    running = SimpleNamespace(state="running", title="Copies of faces", progress=told)
    monkeypatch.setattr(jobs, "recent", lambda workspace: [running])

    def sidebar() -> None:
        from fer_core.ui.shell import job_progress

        job_progress.sidebar()

    app = AppTest.from_function(sidebar).run()
    assert not app.exception
    assert "177 of 308 pairs compared, mirrored" in app.get("html")[0].proto.body


def near_groups(app: AppTest) -> int:
    """The number on the page."""
    words = " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))
    found = re.search(r"<b>(\d+)</b><span>groups of near copies", words)
    assert found
    return int(found[1])

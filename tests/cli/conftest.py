"""A workspace with a small sample, made once and copied for each test, and the command line in this process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from calling import IMAGES, Fer, Outcome, call

from fer_core.base.workspace import Workspace
from fer_core.cli import run
from fer_core.data.sample.make import make_sample
from fer_core.mislabels.judges import best, ranked

_TINY = """extends = "base"
[model]
blocks = [{ kind = "conv", filters = 8, convs = 1, strides = 2, batch_norm = "before_activation" }, { kind = "flatten" }]
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the dataset `faces`, its labels ranked."""
    root = tmp_path_factory.mktemp("made")
    found = make_sample(Workspace(root), "faces", count=IMAGES)
    for method in ("quick", best(found, found.head)):
        ranked(found, found.head, method)
    return root


@pytest.fixture(scope="session")
def trained(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A workspace with one run, and what `train --json` said. Not to be changed."""
    root = tmp_path_factory.mktemp("trained") / "home"
    shutil.copytree(made, root)
    assert call(root, "stratify", "faces").status == 0
    (root / "tiny.toml").write_text(_TINY)
    settings = ("--set", "training.epochs=1", "--set", "batch_size=32")
    return root, call(
        root, "train", "--dataset", "faces", "--recipe", root / "tiny.toml", *settings, "--json"
    )


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FER_HOME of the test: a copy of `made`."""
    root = tmp_path / "home"
    shutil.copytree(made, root)
    monkeypatch.setenv("FER_HOME", str(root))
    return root


@pytest.fixture
def fer(home: Path, capfd: pytest.CaptureFixture[str]) -> Fer:
    """Call a verb in this process; output is caught at the file descriptors."""

    def called(*args: object) -> Outcome:
        capfd.readouterr()
        status = run([str(arg) for arg in args])
        out, err = capfd.readouterr()
        return Outcome(status, out, err)

    return called

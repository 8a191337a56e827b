"""Paths that visitors type: below the folders they may read, or refused before anything is read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from calling import call, shell
from made_pictures import png, write_tree
from streamlit.testing.v1 import AppTest

from fer_core.base.tables import row_dicts
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset
from fer_core.ui.explore import face_detail
from fer_core.ui.shell.server_paths import out_of_reach

ROOT = Path(__file__).resolve().parents[2]
SECRET = "root:$6$SECRETHASH:19000:0:99999:7:::\nbin:*:19000:0:99999:7:::\n"


@pytest.mark.parametrize(
    ("roots", "opened", "said"),
    [
        (None, "", "may not be read through the page"),
        (None, "1", "Allowed is no folder"),
        ("/", "", "holds no data set|no images|nothing|cannot"),
    ],
)
def test_a_path_outside_is_refused_and_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roots: str | None, opened: str, said: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("FER_OPEN", opened)
    monkeypatch.delenv("FER_ROOTS") if roots is None else monkeypatch.setenv("FER_ROOTS", roots)
    (tmp_path / "home").mkdir()
    link = tmp_path / "home" / "link"
    link.symlink_to(secret)
    paths = (secret, link, Path("~/../secret"), *([] if roots else [Path("~nobodyhere/x")]))
    for path in paths:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
        app.segmented_control(key="add-way").set_value("A folder or archive on the server").run()
        app.text_input(key="add-path").set_value(str(path)).run()
        next(button for button in app.button if button.label == "Add dataset").click().run()
        assert len(app.error) == 1
        assert "SECRET" not in app.error[0].value
        if roots is None:
            assert said in app.error[0].value


@pytest.mark.parametrize(
    ("roots", "opened", "shown"),
    [(None, "", True), (None, "1", False), ("elsewhere", "", False), (".", "1", True)],
)
def test_recorded_files_are_held_to_the_same_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roots: str | None, opened: str, shown: bool
) -> None:
    home = Workspace(tmp_path / "home")
    faces = import_dataset(home, write_tree(tmp_path / "source", {"happy/1.png": png(1, (90, 90))}), "faces")
    copied = import_dataset(home, tmp_path / "source", "copied", copy=True)
    monkeypatch.setenv("FER_HOME", str(home.root))
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("FER_OPEN", opened)
    monkeypatch.delenv("FER_ROOTS", raising=False)
    if roots:
        monkeypatch.setenv("FER_ROOTS", str(tmp_path / roots))
    assert out_of_reach(copied) == ""
    assert (out_of_reach(faces) == "") == shown
    explorer = SimpleNamespace(scope=SimpleNamespace(dataset=faces, workspace=home))
    row = row_dicts(faces.manifest())[0]
    found = face_detail.picture(cast(Any, explorer), cast(Any, row))
    assert found.shape[0] == (90 if shown else 48)


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("--labels", SECRET, "no columns with commas"),
        ("--votes", SECRET, "no columns with commas"),
        (
            "--labels",
            "SECRET-1,SECRET-2\nSECRET-3,SECRET-4\n",
            "of 2 columns; its ending says nothing of a table",
        ),
    ],
)
def test_what_is_no_table_is_not_quoted(tmp_path: Path, option: str, content: str, said: str) -> None:
    (tmp_path / "secret.txt").write_text(content)
    faces = tmp_path / "faces" / "happy"
    faces.mkdir(parents=True)
    (faces / "1.png").write_bytes((ROOT / "docs" / "images" / "home.png").read_bytes())
    done = call(tmp_path / "home", "import", faces.parent, "--name", "x", option, tmp_path / "secret.txt")
    assert done.status != 0
    assert "SECRET" not in done.out + done.err
    assert said in done.err


def test_what_is_written_is_for_its_user_alone(tmp_path: Path) -> None:
    faces = tmp_path / "faces" / "happy"
    faces.mkdir(parents=True)
    (faces / "1.png").write_bytes((ROOT / "docs" / "images" / "home.png").read_bytes())
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    done = shell(home, "import", faces.parent, "--name", "x", umask=0o022)
    assert done.status == 0, done.err
    written = list(home.rglob("*"))
    assert len(written) > 3
    assert [path for path in written if path.stat().st_mode & 0o077] == []

"""One damaged file harms what it belongs to and nothing else, and is named: by verbs and on pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.base.errors import ManifestError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import list_datasets, open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.data.save_version import save_version

ROOT = Path(__file__).resolve().parents[2]
DAMAGE: dict[str, Callable[[Path], object]] = {
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "another shape": lambda path: path.write_text("{}"),
    "a list": lambda path: path.write_text("[]"),
    "gone": Path.unlink,
}
FILES = (
    "dataset.json",
    "versions/{first}/version.json",
    "versions/{newest}/version.json",
    "annotations.json",
)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Two datasets; of the one changed last there are two versions."""
    found = Workspace(tmp_path)
    make_sample(found, "whole", count=120)
    harmed = make_sample(found, "harmed", count=120)
    save_version(harmed, harmed.manifest().iloc[1:], parent="v1", operation="other")
    (harmed.folder / "annotations.json").write_text("{}")
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    return found


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("file", FILES)
def test_what_is_whole_stays_usable(workspace: Workspace, file: str, damage: str) -> None:
    harmed = open_dataset(workspace, "harmed")
    first, newest = (version.id for version in harmed.versions())
    path = harmed.folder / file.format(first=first, newest=newest)
    harmless = file == "annotations.json" and damage in {"another shape", "gone"}
    DAMAGE[damage](path)
    assert {found.name for found in list_datasets(workspace)} == {"whole", "harmed"}
    assert len(open_dataset(workspace, "whole").manifest()) == 120
    if file == "dataset.json" or newest in file.format(first=first, newest=newest):
        with pytest.raises(ManifestError, match=r"missing or damaged.*backup"):
            harmed.version()
        said = ""
    else:
        assert harmed.version().id == newest
        said = " ".join(harmed.damaged)
        assert (path.name in said) != harmless
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/data/explore.py")
    app.run()
    assert not app.exception
    told = " ".join(box.value for box in (*app.error, *app.warning))
    assert (path.name in told) != harmless
    shown = "harmed" if said or harmless else "whole"
    assert f"**{shown}**" in {popover.proto.popover.label.split(" · ")[0] for popover in app.get("popover")}


def test_a_version_whose_file_is_damaged_keeps_its_number(workspace: Workspace) -> None:
    harmed = open_dataset(workspace, "harmed")
    first = harmed.versions()[0]
    DAMAGE["half"](harmed.folder / "versions" / harmed.head / "version.json")
    made = save_version(harmed, harmed.manifest(first.id).iloc[2:], parent=first.id, operation="other")
    assert made.number == 3

"""Classes that nobody foresaw: every page draws them, tables and exports hold them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core.base.csv_text import csv_text
from fer_core.base.errors import BadName
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.data.exporting.export import export_version
from fer_core.mislabels.judges import ranked

ROOT = Path(__file__).resolve().parents[2]
ODD = ["=1+1", "a__b", "___", "c/d", "![x](http://evil.example/x.png)", "<b>", "$x$", ":red[y]", "happy"]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    source = tmp_path_factory.mktemp("odd") / "source"
    source.mkdir()
    rows, random = ["path,label,split"], np.random.default_rng(0)
    for number in range(8 * len(ODD)):
        Image.fromarray(random.integers(0, 255, (48, 48), np.uint8)).save(source / f"{number}.png")
        rows.append(f'{number}.png,"{ODD[number // 8]}",{"train" if number % 8 < 5 else "val"}')
    (source / "labels.csv").write_text("\n".join(rows))
    found = import_dataset(Workspace(source.parent / "home"), source, "odd")
    assert set(found.manifest()["label"]) == set(ODD)
    ranked(found, found.head, "quick")
    return found


@pytest.mark.parametrize(
    "page", ["home", "explore", "explore?view=Faces", "duplicates", "mislabels", "stratify"]
)
def test_pages_draw_them(odd: Dataset, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(odd.workspace.root))
    name, _, view = page.partition("?view=")
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page(f"pages/data/{name}.py")
    if view:
        app.query_params["view"] = view
    app.run()
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("form", ["fer2013", "npz", "parquet"])
def test_formats_without_folders_hold_them(odd: Dataset, form: str, tmp_path: Path) -> None:
    written = export_version(odd, odd.version(), tmp_path / form, form)
    assert written["images"] == 8 * len(ODD)
    assert not written["missing"]


def test_a_folder_cannot_be_called_anything(odd: Dataset, tmp_path: Path) -> None:
    with pytest.raises(BadName, match="Relabel its images, or export as one of fer2013, npz, parquet"):
        export_version(odd, odd.version(), tmp_path / "folders", "folder")
    assert not (tmp_path / "folders").exists()


def test_a_table_holds_no_formulas() -> None:
    table = pd.DataFrame({"=a": ["=1+1", "@x", "-y", "plain", ""], "n": [-1.5, 2, 3, 4, 5]})
    rows = list(csv.reader(io.StringIO(csv_text(table))))
    assert rows[0] == ["'=a", "n"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'@x", "'-y", "plain", ""]
    assert [float(row[1]) for row in rows[1:]] == [-1.5, 2, 3, 4, 5]


def test_a_dataset_is_not_called_like_an_option(tmp_path: Path) -> None:
    with pytest.raises(BadName, match="a dash"):
        import_dataset(Workspace(tmp_path), tmp_path, "-x")

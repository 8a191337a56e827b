"""The report of a dataset: one page that needs nothing else and says what the data says."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from html_pages import stands_alone

from fer_core import mislabels
from fer_core.base.workspace import Workspace
from fer_core.data import notes
from fer_core.data.admin import annotate
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.sample.make import make_sample
from fer_core.data.save_version import save_version
from fer_core.duplicates.exact import find_exact
from fer_core.explore import cues
from fer_core.reports import dataset_report


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    made = make_sample(Workspace(tmp_path_factory.mktemp("home")), count=150)
    notes.write_note(made, "From <three> cameras")
    notes.write_note(made, "Corners of the mouth", label="happy")
    mislabels.save(made, made.head, "quick", ranked(made.manifest()))
    annotate(made, "v1", name="as delivered")
    return made


def ranked(manifest: pd.DataFrame) -> pd.DataFrame:
    """A ranking in which every happy face of the val split is likely sad."""
    rows = manifest.loc[manifest["error"] == "", ["image_id", "path", "split", "label"]]
    wrong = (rows["split"] == "val") & (rows["label"] == "happy")
    assert wrong.any()
    return rows.assign(
        suggested=rows["label"].where(~wrong, "sad"),
        score=0.5,
        issue=wrong,
        ambiguous=False,
        likely_wrong=wrong,
    )


def test_it_needs_nothing_else(dataset: Dataset) -> None:
    page = dataset_report.write(dataset)
    assert stands_alone(page).links
    written = re.sub(r'src="data:[^"]*"', "", page)
    assert not re.search(r"https?:|//[a-z]", written)
    assert len(page) < 2_000_000


def test_it_says_what_the_data_says(dataset: Dataset) -> None:
    page = dataset_report.write(dataset)
    version, copies = dataset.version(), find_exact(dataset.manifest())
    groups, across = copies.summary(), (copies.table.groupby("group")["split"].nunique() > 1).sum()
    for words in (
        f"<code>{version.id}</code>", "as delivered", "From &lt;three&gt; cameras", "Corners of the mouth",
        f"<b>{version.counts['images']:,}</b><span>images in 4 classes",
        f"{groups['groups']:,} groups of equal pictures, {groups['extra_copies']:,} copies",
        f"{across:,} lie in more than one split", f"{groups['conflicting_labels']:,} carry two labels", "pictures are in train",
    ):  # fmt: skip
        assert words in page, words
    ranking = mislabels.load(dataset, version.id)
    assert ranking is not None
    assert f"<b>{len(mislabels.likely_wrong(ranking)):,}</b><span>labels likely wrong" in page
    for split, row in version.counts["counts"].items():
        cells = "".join(re.findall(rf"<tr><td>{split}</td>.*?</tr>", page))
        assert all(f">{n:,}<" in cells for n in row.values())


def test_it_says_what_tells_the_classes_apart(dataset: Dataset) -> None:
    notes.write_note(dataset, "Ask <Ada>", label="sad", other="neutral")
    page = dataset_report.write(dataset)
    part = re.sub(
        r"<h2>What tells the classes apart.*", "", page[page.index("What tells the classes apart") :]
    )
    assert "Ekman and Friesen" in part
    sad, happy = cues.cues_for("sad"), cues.cues_for("happy")
    assert sad is not None
    assert happy is not None
    assert sad.signs["brows"] in part
    assert happy.signs["mouth"] not in part
    assert "happy, told apart by</dt><dd>Corners of the mouth" in part  # instead of the shipped signs
    assert "<td>neutral or sad</td>" in part
    assert "Ask &lt;Ada&gt;" in part


def test_versions_differ_and_the_same_one_does_not(dataset: Dataset) -> None:
    def timeless(page: str) -> str:
        return re.sub(r"Made \S+ by", "", page)

    first = dataset_report.write(dataset, "v1")
    assert timeless(first) == timeless(dataset_report.write(dataset, "v1"))
    manifest = dataset.manifest("v1")
    manifest.loc[manifest["label"] == "sad", "label"] = "anger"
    made = save_version(dataset, manifest, parent="v1", operation="review")
    page = dataset_report.write(dataset, made.id)
    assert all(words in page for words in ("anger", "not ranked", "from v1"))
    stands_alone(page)


def test_odd_names_and_a_set_of_one(tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    source = tmp_path / "s" / "Bored'om <b>"
    source.mkdir(parents=True)
    Image.fromarray(np.full((9, 7), 80, np.uint8)).save(source / 'ein "Bild" & <i>.png')
    made = import_dataset(Workspace(tmp_path / "home"), source.parent, "one")
    page = dataset_report.write(made)
    stands_alone(page)
    assert "<b> " not in page.replace("<b>v1</b> ", "")
    assert "Bored&#39;om &lt;b&gt;" in page

"""The report of a dataset: one page that needs nothing else and says what the data says."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from fer_core.data import notes
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.keeping import annotate
from fer_core.data.sample import make_sample
from fer_core.data.versions import save_version
from fer_core.evaluation import data_report
from fer_core.quality import mislabels
from fer_core.quality.duplicates import find_exact
from fer_core.workspace import Workspace


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


class Tags(HTMLParser):
    """All tags and attributes; fails where one is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.links += [
            str(told[name]) for name in ("src", "href", "srcset", "action", "data") if name in told
        ]
        if tag == "img":
            self.images += 1
            assert told.get("alt")
        if tag not in {"meta", "img", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    return tags


def test_it_needs_nothing_else(dataset: Dataset) -> None:
    page = data_report.write(dataset)
    tags = parsed(page)
    assert tags.links
    assert all(link.startswith("data:image/png;base64,") for link in tags.links)
    written = re.sub(r'src="data:[^"]*"', "", page)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script", written)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert len(page) < 2_000_000


def test_it_says_what_the_data_says(dataset: Dataset) -> None:
    page = data_report.write(dataset)
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


def test_versions_differ_and_the_same_one_does_not(dataset: Dataset) -> None:
    def timeless(page: str) -> str:
        return re.sub(r"Made \S+ by", "", page)

    first = data_report.write(dataset, "v1")
    assert timeless(first) == timeless(data_report.write(dataset, "v1"))
    manifest = dataset.manifest("v1")
    manifest.loc[manifest["label"] == "sad", "label"] = "anger"
    made = save_version(dataset, manifest, parent="v1", operation="review")
    page = data_report.write(dataset, made.id)
    assert all(words in page for words in ("anger", "not ranked", "from v1"))
    parsed(page)


def test_odd_names_and_a_set_of_one(tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    source = tmp_path / "s" / "Bored'om <b>"
    source.mkdir(parents=True)
    Image.fromarray(np.full((9, 7), 80, np.uint8)).save(source / 'ein "Bild" & <i>.png')
    made = import_dataset(Workspace(tmp_path / "home"), source.parent, "one")
    page = data_report.write(made)
    parsed(page)
    assert "<b> " not in page.replace("<b>v1</b> ", "")
    assert "Bored&#x27;om &lt;b&gt;" in page

"""The page of a certificate says what the certificate says, and goes with it."""

from __future__ import annotations

import json

import pytest
from html_pages import stands_alone

from fer_core.base.errors import NotFound
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.reports import certificate_page
from fer_core.splits import certificate
from fer_core.splits.stratify import save_plan, stratify


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("workspace")), count=300)


def test_it_says_what_was_found(sample: Dataset) -> None:
    certificate.certify(sample, "v1", mirrored=False)
    path = certificate_page.write(sample, "v1")
    version = sample.version("v1")
    assert path == sample.folder / "versions" / version.id / "certificate.html"
    text = path.read_text()
    page = stands_alone(text)
    told = json.loads(path.with_suffix(".json").read_text())
    assert told["holds"] is False
    for words in (
        "sample version 1", version.id, "The splits are not apart",
        f"{told['exact'] + told['near']:,} of {told['pairs_checked']:,} pairs of images",
        f"{told['images']:,} (train {told['splits']['train']:,}", told["method"], told["created"], f"{told['seconds']:g} s",
        f"fer certify sample --version {version.id}",
    ):  # fmt: skip
        assert words in page.words, words
    for splits, row in [*told["table"].items(), ("all", told | {"checked": told["pairs_checked"]})]:
        cells = [splits.replace("|", " and "), row["checked"], row["exact"], row["near"]]
        line = " ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in cells)
        assert f"{line} not checked" in page.words, line
    for example in told["examples"]:
        assert f'alt="{example["first"]}"' in text
        assert f'alt="{example["second"]}"' in text
    assert page.tags.count("img") == 2 * len(told["examples"]) > 0


def test_it_never_outlives_what_it_tells_of(sample: Dataset) -> None:
    version = save_plan(sample, stratify(sample.manifest("v1"), seed=5))
    with pytest.raises(NotFound, match="no certificate"):
        certificate_page.write(sample, version.id)
    certificate.certify(sample, version.id, distance=None)
    path = certificate_page.write(sample, version.id)
    page = stands_alone(path.read_text())
    assert "The splits are apart None of" in page.words
    assert "not checked not checked" in page.words
    assert "Some of them" not in page.words
    certificate.certify(sample, version.id)
    assert not path.exists()

"""Versions: immutable, named by their content, found by id, start of an id, number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_pictures import tree, write_tree

from fer_core.base.errors import ManifestError, NotFound
from fer_core.base.workspace import Workspace
from fer_core.data import versions
from fer_core.data.datasets import Dataset, describe, import_dataset, open_dataset
from fer_core.data.manifest import check_manifest, content_id
from fer_core.data.save_version import save_version
from fer_core.data.versions import count_images


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    return import_dataset(workspace, write_tree(tmp_path / "s", tree(12)), "faces")


def relabelled(dataset: Dataset, label: str, version: str | None = None) -> pd.DataFrame:
    manifest = dataset.manifest(version)
    manifest.loc[0, "label"] = label
    return manifest


def test_a_new_version_becomes_the_head(dataset: Dataset) -> None:
    first = dataset.version()
    made = save_version(
        dataset,
        relabelled(dataset, "fear"),
        parent=first.id,
        operation="review",
        parameters={"ids": [1]},
        note="why",
    )
    assert made == dataset.version() == open_dataset(dataset.workspace, "faces").version()
    assert (made.number, made.parent, made.operation, made.parameters) == (
        2,
        first.id,
        "review",
        {"ids": [1]},
    )
    assert (made.note, made.counts["classes"]["fear"]) == ("why", 1)
    assert made.counts == count_images(dataset.manifest())
    assert dataset.versions() == [first, made]
    assert dataset.manifest(first.id)["label"][0] != "fear" == dataset.manifest()["label"][0]


def test_the_same_content_is_the_same_version(dataset: Dataset) -> None:
    first = dataset.version()
    made = save_version(
        dataset, relabelled(dataset, "fear"), parent=first.id, operation="review", parameters={}
    )
    back = save_version(
        dataset, dataset.manifest(first.id)[::-1], parent=made.id, operation="review", parameters={}
    )
    assert back == first
    assert dataset.head == first.id
    assert dataset.versions() == [first, made]


def test_a_version_is_found_by_id_start_number_and_nothing(dataset: Dataset) -> None:
    first = dataset.version()
    made = save_version(dataset, relabelled(dataset, "fear"), parent="v1", operation="review")
    assert made.parent == first.id
    for wanted in (first.id, first.id[:6], "v1", "V1", f" {first.id} "):
        assert dataset.version(wanted) == first
    for asked in (None, made.id, "v2"):
        assert dataset.version(asked) == made
    for wanted in ("v3", "v0", "zz", "0" * 16):
        with pytest.raises(NotFound, match=r"no such version.*v1 .*v2 "):
            dataset.version(wanted)


def test_a_start_that_fits_two_versions(dataset: Dataset) -> None:
    known = [versions.Version(f"ab{n}", n, None, "import") for n in (1, 2)]
    with pytest.raises(NotFound, match="More than one version"):
        versions.find_version(known, "ab", "ab1")


def test_an_unknown_parent(dataset: Dataset) -> None:
    with pytest.raises(NotFound):
        save_version(dataset, relabelled(dataset, "fear"), parent="v9", operation="review")
    assert len(dataset.versions()) == 1


@pytest.mark.parametrize("change", ["column", "twice", "row", "type"])
def test_a_manifest_that_breaks_its_promises(dataset: Dataset, change: str) -> None:
    manifest = dataset.manifest()
    if change == "column":
        manifest = manifest.drop(columns="phash")
    elif change == "twice":
        manifest = pd.concat([manifest, manifest[:1]])
    elif change == "row":
        manifest.loc[0, "row"] = 12
    else:
        manifest["width"] = "wide"
    with pytest.raises(ManifestError):
        save_version(dataset, manifest, parent=None, operation="review")
    assert len(dataset.versions()) == 1


def test_rows_may_be_left_out(dataset: Dataset) -> None:
    save_version(dataset, dataset.manifest()[3:], parent="v1", operation="review")
    assert describe(dataset)["images"] == 9
    assert describe(dataset, "v1")["images"] == 12
    assert dataset.pixels()[dataset.manifest()["row"]].shape == (9, 48, 48)


def test_soft_labels_and_groups_are_kept(dataset: Dataset) -> None:
    manifest = dataset.manifest()
    manifest["soft_label"] = pd.Series([None, [0.5, 0.25, 0.25], *[None] * 10], index=manifest.index)
    manifest["group"] = "g1"
    made = save_version(dataset, manifest, parent="v1", operation="review")
    assert made.id != dataset.version("v1").id
    table = dataset.manifest()
    assert list(table["soft_label"][1]) == [0.5, 0.25, 0.25]
    assert table["soft_label"][0] is None
    assert content_id(table) == made.id


def test_a_damaged_version_is_said_so(dataset: Dataset) -> None:
    folder = dataset.folder / "versions" / dataset.head
    (folder / "manifest.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(ManifestError, match="missing or damaged"):
        dataset.manifest()
    (folder / "version.json").write_text(json.dumps({"id": "x"}))
    with pytest.raises(ManifestError, match="version file is missing or damaged"):
        dataset.version()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_id_is_that_of_the_content(dataset: Dataset, data: st.DataObject) -> None:
    manifest = dataset.manifest("v1")
    order = data.draw(st.permutations(range(len(manifest))))
    shuffled = manifest.iloc[order].reset_index(drop=True)
    shuffled["path"] = [f"elsewhere/{n}.png" for n in range(len(shuffled))]
    shuffled["image_id"] = [f"{n:016x}" for n in range(len(shuffled))]
    shuffled["row"] = np.arange(len(shuffled))
    assert content_id(check_manifest(shuffled)) == content_id(manifest)
    column = data.draw(st.sampled_from(["label", "split", "pixel_hash"]))
    at = data.draw(st.integers(0, len(manifest) - 1))
    shuffled.loc[at, column] += "x"
    assert content_id(shuffled) != content_id(manifest)


def test_many_processes_may_save_at_once(dataset: Dataset) -> None:
    code = (
        "import sys; from fer_core.data.datasets import open_dataset; from fer_core.data.save_version import save_version\n"
        "from fer_core.base.workspace import current\n"
        "d = open_dataset(current(), 'faces'); m = d.manifest('v1'); m.loc[0, 'label'] = sys.argv[1]\n"
        "save_version(d, m, parent='v1', operation='review')"
    )
    root = Path(versions.__file__).parents[2]
    env = {"FER_HOME": str(dataset.workspace.root), "PATH": ""}
    command = [sys.executable, "-c", code]
    started = [subprocess.Popen([*command, name], cwd=root, env=env) for name in ("a", "b")]
    assert [process.wait(60) for process in started] == [0, 0]
    assert [version.number for version in dataset.versions()] == [1, 2, 3]
    assert dataset.head in {version.id for version in dataset.versions()[1:]}

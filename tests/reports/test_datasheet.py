"""A datasheet against the rules of Croissant 1.0 and of its extension for responsible AI 1.0, written anew from the "
"specifications;
its numbers against the tables it describes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from told_story import faces

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.reports import datasheet
from fer_core.reports.datasheet import Publication

REQUIRED = (
    "@context",
    "@type",
    "conformsTo",
    "description",
    "license",
    "name",
    "url",
    "creator",
    "datePublished",
    "distribution",
)
RAI_ONE = {
    "dataCollection",
    "dataCollectionMissingData",
    "dataCollectionRawData",
    "dataImputationProtocol",
    "dataManipulationProtocol",
    "dataAnnotationProtocol",
    "dataSocialImpact",
    "annotationsPerItem",
}
RAI_MANY = {
    "dataCollectionType",
    "dataCollectionTimeframe",
    "dataPreprocessingProtocol",
    "dataAnnotationPlatform",
    "dataAnnotationAnalysis",
    "dataReleaseMaintenancePlan",
    "personalSensitiveInformation",
    "dataBiases",
    "dataLimitations",
    "dataUseCases",
    "annotatorDemographics",
    "machineAnnotationTools",
}
SPLITS = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("sheet")
    faces(root / "source", 4, {"train": 3, "val": 2})
    return import_dataset(Workspace(root / "home"), root / "source", "faces")


@pytest.fixture(scope="module")
def sheet(dataset: Dataset) -> dict[str, Any]:
    path = dataset.workspace.root / "sheet.json"
    size = datasheet.write(dataset, None, path)
    assert size == path.stat().st_size
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object below."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


def test_what_the_core_requires(sheet: dict[str, Any]) -> None:
    assert [name for name in REQUIRED if not sheet.get(name)] == []
    assert sheet["@type"] == "sc:Dataset"
    assert sheet["conformsTo"] == [
        "http://mlcommons.org/croissant/1.0",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]
    context = sheet["@context"]
    assert (context["@vocab"], context["sc"]) == ("https://schema.org/", "https://schema.org/")
    assert (context["cr"], context["rai"]) == (
        "http://mlcommons.org/croissant/",
        "http://mlcommons.org/croissant/RAI/",
    )
    assert context["conformsTo"] == "dct:conformsTo"
    date.fromisoformat(sheet["datePublished"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", sheet["version"])  # as Semantic Versioning
    assert re.match(r"\w+:", sheet["url"])
    assert sheet["license"] == {
        "@type": "sc:CreativeWork",
        "name": "not known: nobody has said",
    }  # never made up


def test_ids_are_unique_and_every_reference_has_its_end(sheet: dict[str, Any]) -> None:
    every = [node for part in ("distribution", "recordSet") for node in nodes(sheet[part])]
    made = [node["@id"] for node in every if "@id" in node and len(node) > 1]
    assert len(made) == len(set(made))
    meant = {node["@id"] for node in every if list(node) == ["@id"]}
    assert meant
    assert meant <= set(made)
    assert {node["@type"] for node in every if "@type" in node} == {
        "cr:FileObject",
        "cr:FileSet",
        "cr:RecordSet",
        "cr:Field",
    }
    for node in every:
        if node.get("@type") == "cr:FileObject":
            assert {"name", "contentUrl", "contentSize", "encodingFormat", "sha256"} <= node.keys()
        if node.get("@type") == "cr:FileSet":
            assert {"includes", "encodingFormat"} <= node.keys()
        if node.get("@type") == "cr:Field":
            assert node["dataType"]


def test_files_are_those_on_the_disk(sheet: dict[str, Any], dataset: Dataset) -> None:
    (table,) = [node for node in sheet["distribution"] if node["@id"] == "manifest"]
    content = (dataset.folder / "versions" / dataset.head / table["contentUrl"]).read_bytes()
    assert table["sha256"] == hashlib.sha256(content).hexdigest()
    assert table["contentSize"] == f"{len(content)} B"
    (images,) = [node for node in sheet["distribution"] if node["@type"] == "cr:FileSet"]
    assert sorted(Path(dataset.source_path).glob(images["includes"])) == sorted(
        dataset.source_path.rglob("*.png")
    )


def test_records_are_the_columns_of_the_table(sheet: dict[str, Any], dataset: Dataset) -> None:
    table = pd.read_parquet(dataset.folder / "versions" / dataset.head / "manifest.parquet")
    sets = {each["@id"]: each for each in sheet["recordSet"]}
    columns = {field["source"]["extract"]["column"]: field for field in sets["images"]["field"]}
    assert set(columns) <= set(table.columns)
    assert columns["label"]["dataType"] == ["sc:Text", "cr:Label"]
    assert table[sets["images"]["key"]["@id"].removeprefix("images/")].is_unique
    assert sets["classes"]["dataType"] == "sc:Enumeration"
    assert {row["classes/name"] for row in sets["classes"]["data"]} == set(table["label"])
    assert sets["splits"]["dataType"] == "cr:Split"
    assert {row["splits/name"]: row["splits/url"] for row in sets["splits"]["data"]} == {
        s: SPLITS[s] for s in set(table["split"])
    }


def test_responsible_ai_fields_are_those_of_the_extension(sheet: dict[str, Any], dataset: Dataset) -> None:
    said = {name.removeprefix("rai:"): value for name, value in sheet.items() if name.startswith("rai:")}
    assert said.keys() <= RAI_ONE | RAI_MANY
    for name, value in said.items():
        words = [value] if name in RAI_ONE else value
        assert isinstance(words, list), name
        assert all(isinstance(each, str) and each for each in words), name
    labels = dataset.manifest()["label"]
    for label, share in labels.value_counts(normalize=True).items():
        assert f"{label} {share:.3f}" in said["dataBiases"][0]
    assert "not recorded" in said["dataBiases"][-1]  # no column about people: `image_id` holds no age
    assert f"{len(labels):,} images" in said["dataPreprocessingProtocol"][0]
    assert said["annotatorDemographics"] == ["not known: nobody has said"]
    assert "Article 5(1)(f)" in said["dataSocialImpact"]


def test_what_people_say_stands_in_it(dataset: Dataset) -> None:
    link = "https://spdx.org/licenses/CC-BY-4.0.html"
    found = datasheet.build(dataset, "v1", Publication(link, "https://example.org/faces", "Ann"))
    assert (found["license"], found["url"], found["creator"]["name"]) == (
        link,
        "https://example.org/faces",
        "Ann",
    )

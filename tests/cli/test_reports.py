"""What verbs report: JSON with the documented keys and nothing else, and text for people."""

from __future__ import annotations

import csv
import json
import os
import re
import zipfile
from pathlib import Path

import click
import numpy as np
import pytest
from calling import IMAGES, Fer, Outcome
from reference import DOCS, verbs

from fer_core.base.workspace import Workspace, current
from fer_core.cli import report
from fer_core.data.datasets import open_dataset
from fer_core.data.sample.make import truth

PAGE = DOCS.read_text(encoding="utf-8")
RUN_KEYS = {
    "run", "state", "recipe", "dataset", "version", "parameters", "trainable_parameters", "epochs", "best_epoch",
    "val_accuracy", "train_accuracy", "seconds", "images_per_second",
}  # fmt: skip


def documented(verb: str) -> set[str]:
    """The top-level keys that docs/cli.md names; `as describe` stands for those of describe."""
    section = re.search(rf"^####? {verb}\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert section
    words = set(re.findall(r"`([a-z0-9_ ]+)`", section[1].partition("JSON: ")[2]))
    others = set().union(*(documented(word) for word in words & verbs().keys()))
    return words | others


def check_keys(verb: str, outcome: Outcome, *wanted: str) -> None:
    found = outcome.json
    rows = found if isinstance(found, list) else [found]
    assert rows
    for row in rows:
        assert set(wanted) <= row.keys()
        assert row.keys() <= documented(verb)


READS = {
    "sample": ["sample", "--name", "faces"],
    "datasets": ["datasets"],
    "describe": ["describe", "faces"],
    "duplicates": ["duplicates", "faces", "--kind", "exact,near,mirrored"],
    "mislabels": ["mislabels", "faces"],
    "stratify": ["stratify", "faces"],
    "certify": ["certify", "faces"],
    "recipes": ["recipes"],
    "review status": ["review", "faces", "status"],
    "agreement": ["agreement", "faces"],
    "review next": ["review", "faces", "next", "--top", "2"],
}


@pytest.mark.parametrize("verb", READS)
def test_json_is_one_document_with_the_documented_keys(fer: Fer, verb: str) -> None:
    outcome = fer(*READS[verb], "--json")
    assert outcome.status == (1 if verb == "certify" else 0), outcome.err
    check_keys(verb, outcome)
    if verb != "certify":
        assert outcome.err == ""


@pytest.mark.parametrize("verb", READS)
def test_text_is_for_people(fer: Fer, verb: str) -> None:
    outcome = fer(*READS[verb])
    assert outcome.out.strip()
    assert not re.search(r"Traceback|nan\b|None|\{", outcome.out), outcome.out


def test_describe(fer: Fer) -> None:
    found = fer("describe", "faces", "--json").json
    assert found["name"] == "faces"
    assert found["images"] + found["unreadable"] == IMAGES
    assert set(found["splits"]) == {"train", "val", "test"}
    assert found["counts"].keys() == found["splits"].keys()
    for split, counts in found["counts"].items():
        assert sum(counts.values()) == found["splits"][split]
    for name, number in found["classes"].items():
        assert sum(counts[name] for counts in found["counts"].values()) == number
    assert len(found["problems"]) == found["unreadable"] == 1
    text = fer("describe", "faces").out
    assert f"{found['images']} images" in text
    assert found["problems"][0]["path"] in text


def test_duplicates_are_those_that_were_planted(fer: Fer, home: Path, tmp_path: Path) -> None:
    known = truth(open_dataset(Workspace(home), "faces"))
    target = tmp_path / "groups.csv"
    found = fer("duplicates", "faces", "--json").json
    assert "near" not in found
    assert found["exact"]["groups"] == len(known["exact"]) + len(known["conflicting"])
    assert found["exact"]["conflicting_labels"] == len(known["conflicting"])
    keys = {"groups", "extra_copies", "cross_split", "conflicting_labels"}
    found = fer("duplicates", "faces", "--kind", "near,mirrored", "--csv", target, "--json").json
    assert found["exact"].keys() == found["near"].keys() == found["mirrored"].keys() == keys
    assert {"train|val", "test|train", "test|val"} <= found["near"]["cross_split"].keys()
    assert (found["near"]["groups"], found["mirrored"]["groups"]) == (
        len(known["near"]),
        len(known["mirrored"]),
    )
    rows = list(csv.DictReader(target.open()))
    assert list(rows[0]) == [
        "group",
        "image_id",
        "path",
        "split",
        "label",
        "kind",
        "distance",
        "correlation",
        "framed",
    ]
    pairs = [kind for kind in ("exact", "conflicting", "near", "mirrored") for _ in known[kind]]
    assert sorted(int(row["group"]) for row in rows) == sorted(2 * list(range(len(pairs))))


def test_mislabels_are_ranked_worst_first(fer: Fer, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "ranking.csv"
    found = fer("mislabels", "faces", "--csv", target, "--top", 3, "--json").json
    rows = list(csv.DictReader(target.open()))
    names = [f"p_{name}" for name in ("happy", "surprise", "neutral", "sad")]
    first = ["image_id", "path", "split", "label", "suggested", "score", "given_p", "suggested_p"]
    assert list(rows[0]) == [*first, *names, "issue", "ambiguous", "likely_wrong", "why"]
    assert len(rows) == found["images"] == len({row["image_id"] for row in rows})
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores)
    assert 0 <= scores[0] <= scores[-1] <= 1
    assert [row["image_id"] for row in found["worst"]] == [row["image_id"] for row in rows[:3]]
    assert 0 < found["likely_wrong"] < found["images"]


def test_stratify_makes_a_version(fer: Fer) -> None:
    before = fer("describe", "faces", "--json").json
    found = fer("stratify", "faces", "--ratios", "70/20/10", "--seed", 7, "--json").json
    assert found["group_violations"] == 0
    assert found["parent"] == before["version"] != found["version"]
    assert found["splits"]["val"] == pytest.approx(0.2 * before["images"], abs=3)
    after = fer("describe", "faces", "--json").json
    assert {key: after[key] for key in ("version", "splits", "counts")} == {
        key: found[key] for key in ("version", "splits", "counts")
    }
    again = fer("stratify", "faces", "--version", "v1", "--ratios", "70/20/10", "--seed", 7, "--json").json
    timeless = {"certificate"}  # it says when it was made, and how long that took
    assert {k: again[k] for k in again.keys() - timeless} == {k: found[k] for k in found.keys() - timeless}
    kinds = ("distance", "pairs_checked", "exact", "near", "mirrored")
    assert [again["certificate"][k] for k in kinds] == [found["certificate"][k] for k in kinds]
    assert fer("describe", "faces", "--version", "v1", "--json").json["splits"] == before["splits"]


def test_a_certificate_holds_once_copies_are_together(fer: Fer) -> None:
    failed = fer("certify", "faces", "--no-mirrored", "--json")
    assert failed.status == 1
    assert failed.json["holds"] is False
    assert failed.json["exact"] > 0
    assert failed.json["mirrored"] is None
    assert failed.err.count("\n") == 1
    assert fer("stratify", "faces", "--together", "mirrored").status == 0
    held = fer("certify", "faces", "--json")
    assert (held.status, held.json["holds"], held.err) == (0, True, "")
    assert held.json["near"] == held.json["mirrored"] == 0


def test_import_and_export_go_round(fer: Fer, home: Path, tmp_path: Path) -> None:
    folder, archive = tmp_path / "out", tmp_path / "out.zip"
    written = fer("export", "faces", "--to", folder, "--json")
    check_keys("export", written)
    assert (written.json["images"], written.json["missing"]) == (IMAGES, [])
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*.*")):
            file.write(path, path.relative_to(tmp_path))
    again = fer("import", archive, "--name", "again", "--json")
    check_keys("import", again)
    assert again.json["version"] == written.json["version"]
    text = fer("import", folder, "--name", "third", "--copy").out
    assert text.startswith(f"third: {IMAGES - 1} images in 4 classes, 1 unreadable")
    assert (home / "data" / "third" / "source").is_dir()
    assert [row["name"] for row in fer("datasets", "--json").json] == ["third", "again", "faces"]


def test_an_export_of_a_source_that_changed_says_so(fer: Fer, home: Path, tmp_path: Path) -> None:
    first = next((home / "data" / "faces" / "source").rglob("*.png"))
    first.write_bytes(b"something else")
    outcome = fer("export", "faces", "--to", tmp_path / "out", "--json")
    assert outcome.status == 1
    assert len(outcome.json["missing"]) == 1
    assert "1 files could not be exported" in outcome.err


def test_an_empty_workspace_says_what_to_do(
    fer: Fer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path / "nothing"))
    for verb, advice in (("datasets", "sample"), ("runs", "train"), ("compare", "train")):
        assert fer(verb, "--json").json == []
        assert advice in fer(verb).out
    assert not (tmp_path / "nothing").exists()


def test_a_damaged_dataset_does_not_hide_the_others(fer: Fer, home: Path) -> None:
    (home / "data" / "broken").mkdir()
    (home / "data" / "broken" / "dataset.json").write_text("{")
    rows = {row["name"]: row for row in fer("datasets", "--json").json}
    assert rows["faces"]["images"]
    assert "damaged" in rows["broken"]["problem"]
    assert "damaged" in fer("datasets").out


def test_recipes(fer: Fer) -> None:
    rows = {row["name"]: row for row in fer("recipes", "--json").json}
    assert rows["compact"]["extends"] == "base"
    assert rows["model_0"]["fields"]["training.epochs"] == 75
    (one,) = fer("recipes", "compact", "--json").json
    assert one == rows["compact"]
    assert 'name = "compact"' in fer("recipes", "compact").out
    (counted,) = fer("recipes", "model_0", "--classes", 4, "--json").json
    assert (counted["parameters"], counted["trainable_parameters"]) == (1_274_500, 1_274_052)


def test_the_workspace_moves_with_fer_home(fer: Fer, home: Path) -> None:
    assert current().root == home
    assert fer("describe", "faces").status == 0


@click.command()
@report.reports
def noisy() -> report.Report:
    """Prints as libraries do."""
    print("a library talks")  # noqa: T201
    os.write(1, b"and its C code\n")
    os.system("echo and its child process")
    values = {
        np.str_("number"): np.float32(0.5),
        "nan": float("nan"),
        "path": Path("a"),
        "many": (np.int64(3),),
    }
    return report.Report(values, "text")


def test_nothing_but_the_document_reaches_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    noisy.main(["--json"], standalone_mode=False)
    out, err = capfd.readouterr()
    assert json.loads(out) == {"number": 0.5, "nan": None, "path": "a", "many": [3]}
    assert "a library talks" in err
    assert "and its C code" in err
    assert "and its child process" in err


def test_names_that_are_not_utf8_make_valid_json() -> None:
    name = os.fsdecode(b"caf\xe9.png")
    assert json.loads(report.to_json({"path": name})) == {"path": name}
    assert "é" in report.to_json("café")


def test_tables_are_aligned() -> None:
    text = report.table(("name", "n", "share"), [("a", 12345, 0.5), ("long name", 7, None)])
    assert text.splitlines() == [
        "name            n   share",
        "---------  ------  ------",
        "a          12,345  0.5000",
        "long name       7       -",
    ]
    assert report.table(("a", "b"), []).splitlines() == ["a  b", "-  -"]

"""Verbs about sources, checks, versions and removing, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from calling import IMAGES, Fer
from PIL import Image
from test_reports import check_keys

from fer_core.base.workspace import current
from fer_core.data.datasets import open_dataset
from fer_core.duplicates.scan_store import stored_pairs


@pytest.fixture
def exported(fer: Fer, tmp_path: Path) -> Path:
    """The sample as a folder of class folders."""
    assert fer("export", "faces", "--to", tmp_path / "out").status == 0
    return tmp_path / "out"


def test_inspect_then_import_with_a_map(fer: Fer, exported: Path) -> None:
    assert fer("inspect", exported, "--json").json["changed_since_export"] == []
    (exported / "train" / "happy").rename(exported / "train" / "Grin")
    seen = fer("inspect", exported, "--json")
    check_keys("inspect", seen, "kind", "classes", "numbering")
    assert {p["reason"] for p in seen.json["changed_since_export"]} == {"The file is gone"}
    found = {c["name"]: c for c in seen.json["classes"]}
    assert (found["Grin"]["proposed"], found["Grin"]["certain"]) == ("Grin", False)
    assert (found["sad"]["proposed"], found["sad"]["certain"]) == ("sad", True)
    assert "Grin" in fer("inspect", exported).out
    done = fer("import", exported, "--name", "b", "--map", "grin=Happiness", "--skip", "sad", "--json")
    check_keys("describe", done)
    assert "sad" not in done.json["classes"]
    assert done.json["classes"]["happy"] == fer("describe", "faces", "--json").json["classes"]["happy"]
    assert done.json["skipped"] == {"sad": found["sad"]["images"]}


@pytest.mark.parametrize(
    "options",
    [
        ["--map", "happy"], ["--map", "glad=happy"], ["--skip", "NF"], ["--labels", "/nowhere.csv"], ["--votes", "/nowhere.csv"],
        ["--map", "fer2013", "--map", "rafdb"], ["--classes", "5"], ["--subject-pattern", "("],
    ],
)  # fmt: skip
def test_choices_that_cannot_be_are_one_line(fer: Fer, exported: Path, options: list[str]) -> None:
    done = fer("import", exported, "--name", "b", *options)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert [d.name for d in current().data.iterdir()] == ["faces"]


def test_refresh_adds_and_tells(fer: Fer, exported: Path) -> None:
    assert fer("import", exported, "--name", "b").status == 0
    quiet = fer("refresh", "b", "--json")
    check_keys("refresh", quiet)
    assert (quiet.status, quiet.json["added"], quiet.json["new"]) == (0, 0, False)
    files = sorted(p for p in (exported / "train" / "sad").iterdir() if p.suffix == ".png")
    files[0].rename(exported / "train" / "happy" / "moved.png")
    done = fer("refresh", "b", "--json")
    assert (done.status, len(done.json["gone"]), len(done.json["renamed"])) == (1, 1, 1)
    assert "not what it was" in done.err


def test_refresh_compares_what_it_adds_as_an_import_does(fer: Fer, exported: Path) -> None:
    assert fer("import", exported, "--name", "b").status == 0
    some = next(p for p in sorted((exported / "train" / "sad").iterdir()) if p.suffix == ".png")
    with Image.open(some) as picture:
        picture.convert("L").point([min(v + 9, 255) for v in range(256)]).save(
            exported / "train" / "sad" / "new.png"
        )
    assert fer("refresh", "b", "--json").json["added"] == 1
    own = open_dataset(current(), "b")
    assert stored_pairs(own, own.head) is not None


def test_check_counts_per_check(fer: Fer, tmp_path: Path) -> None:
    done = fer("check", "faces", "--csv", tmp_path / "c.csv", "--json")
    check_keys("check", done, "checks")
    assert set(done.json["checks"]) == {
        "dark", "light", "blurry", "low_information", "no_face", "odd_size", "odd_aspect_ratio", "grayscale",
    }  # fmt: skip
    assert all({"flagged", "threshold"} <= told.keys() for told in done.json["checks"].values())
    lines = (tmp_path / "c.csv").read_text().splitlines()
    assert len(lines) == done.json["images"] + 1
    flagged = sum(line.split(",")[lines[0].split(",").index("is_dark_issue")] == "True" for line in lines[1:])
    assert flagged == done.json["checks"]["dark"]["flagged"]
    assert "Blurry" in fer("check", "faces").out


def test_versions_diff_annotate_revert(fer: Fer) -> None:
    assert fer("stratify", "faces", "--together", "exact").status == 0
    listed = fer("versions", "faces", "--json")
    check_keys("versions", listed)
    assert [(v["number"], v["head"]) for v in listed.json] == [(1, False), (2, True)]
    told = fer("diff", "faces", "v1", "v2", "--json")
    check_keys("diff", told)
    counts = told.json["counts"]
    assert counts["moved"] == len(told.json["moved"]) > 0
    assert sum(counts.values()) == len(open_dataset(current(), "faces").manifest("v1"))
    assert f"{counts['moved']:,} moved" in fer("diff", "faces", "v1", "v2").out
    check_keys("annotate", fer("annotate", "faces", "v1", "--name", "as delivered", "--json"))
    back = fer("revert", "faces", "as delivered", "--json")
    check_keys("revert", back)
    assert (back.json["number"], back.json["new"]) == (1, True)
    assert fer("describe", "faces", "--json").json["number"] == 1
    assert "as delivered" in fer("versions", "faces").out
    for bad in (("diff", "faces", "v1", "v9"), ("revert", "faces", "v9"), ("annotate", "faces", "v1")):
        assert fer(*bad).status == 2


def test_remove_asks_first(fer: Fer) -> None:
    asked = fer("remove", "faces", "--json")
    check_keys("remove", asked)
    assert (asked.status, asked.json["removed"]) == (2, False)
    assert fer("describe", "faces").status == 0
    done = fer("remove", "faces", "--yes", "--json")
    assert (done.status, done.json["removed"], done.json["versions"]) == (0, True, 1)
    assert list(current().data.iterdir()) == []
    assert fer("remove", "faces", "--yes").status == 2


def test_parquet_comes_back_as_the_same_version(fer: Fer, tmp_path: Path) -> None:
    assert fer("stratify", "faces", "--together", "exact").status == 0
    out = tmp_path / "hub"
    done = fer("export", "faces", "--to", out, "--format", "parquet", "--json")
    assert done.json["images"] > IMAGES / 2
    again = fer("import", out, "--name", "again", "--json").json
    assert (again["images"], again["unreadable"]) == (done.json["images"], 0)
    assert fer("inspect", out, "--json").json["kind"] == "folder"


def test_passport_notes_and_report(fer: Fer, tmp_path: Path) -> None:
    told = fer("passport", "faces", "--json")
    check_keys("passport", told)
    assert told.json["matches"] == []
    assert told.json["leaks"]["in_train"]["val"] > 0
    assert "val pictures are in train" in fer("passport", "faces").out
    assert fer("notes", "faces", "--class", "sad", "--confuses", "neutral").status == 0
    told = fer("notes", "faces", "--text", "Drawn", "--json")
    check_keys("notes", told)
    assert (told.json["dataset"], told.json["classes"]) == ("Drawn", {"sad": {"confuses": "neutral"}})
    assert "confused with: neutral" in fer("notes", "faces").out
    for wrong in (["--class", "bored"], ["--confuses", "x"], ["--class", "sad", "--text", "x"]):
        done = fer("notes", "faces", *wrong)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    done = fer("report", "faces", "--out", tmp_path / "r.html", "--json")
    check_keys("report", done)
    page = (tmp_path / "r.html").read_text()
    assert done.json["bytes"] == len(page.encode())
    assert all(words in page for words in ("Drawn", "neutral", done.json["version"]))
    assert fer("report", "faces", "--out", tmp_path / "no" / "r.html").status == 2
    assert fer("report", "faces").status == 2
    assert fer("report", "faces", "--production", tmp_path / "p.html").status == 2  # nobody chose a run
    both = fer(
        "report",
        "faces",
        "--story",
        tmp_path / "s.md",
        "--datasheet",
        tmp_path / "d.json",
        "--license",
        "MIT",
        "--json",
    )
    check_keys("report", both)
    assert [each["kind"] for each in both.json["written"]] == ["story", "datasheet"]
    assert "no run has answers" in (tmp_path / "s.md").read_text()
    assert json.loads((tmp_path / "d.json").read_text())["license"] == "MIT"


def test_a_zip_is_a_packed_folder(fer: Fer, tmp_path: Path) -> None:
    done = fer("export", "faces", "--format", "zip", "--to", tmp_path / "out", "--json")
    assert done.json["to"] == str(tmp_path / "out.zip")
    assert len(done.json["checksum"]) == 64
    again = fer("import", tmp_path / "out.zip", "--name", "again", "--json")
    assert again.json["version"] == fer("describe", "faces", "--json").json["version"]

"""Decisions from the shell: made, listed, taken back, applied, carried to another copy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from calling import Fer
from test_reports import check_keys

KEYS = {"id", "action", "image_id", "path", "label"}


def worst(fer: Fer) -> dict[str, Any]:
    (row,) = fer("review", "faces", "next", "--json").json["next"]
    return dict(row)


def test_the_journey(fer: Fer) -> None:
    first = worst(fer)
    made = fer(
        "review", "faces", "set", first["image_id"], "relabel", "--label", "joy", "--who", "Ada", "--json"
    )
    assert made.status == 0
    check_keys("review set", made, *KEYS)
    assert (made.json["label"], made.json["path"]) == ("happy", first["path"])
    second = worst(fer)
    assert second["image_id"] != first["image_id"]
    assert fer("review", "faces", "set", second["path"], "delete", "--why", "blank").status == 0

    listed = fer("review", "faces", "list", "--json")
    check_keys("review list", listed, "id", "action", "image_id", "label", "reason", "who", "time")
    assert [(row["action"], row["who"], row["reason"]) for row in listed.json] == [
        ("relabel", "Ada", first["why"]),
        ("delete", "", "blank"),
    ]
    status = fer("review", "faces", "status", "--json").json
    assert (status["pending"], status["relabel"], status["delete"]) == (2, 1, 1)
    assert (status["decisions"]["relabel"], status["reviewers"]) == (1, ["Ada"])

    before = fer("describe", "faces", "--json").json
    applied = fer("review", "faces", "apply", "--note", "first look", "--json")
    check_keys("review apply", applied, "version", "number", "parent")
    assert (applied.json["new"], applied.json["number"], applied.json["parent"]) == (
        True,
        2,
        before["version"],
    )
    assert applied.json["changes"] == {"relabel": 1, "delete": 1}
    assert applied.json["images"] == before["images"] - 1
    again = fer("review", "faces", "apply", "--json").json
    assert (again["new"], again["version"]) == (False, applied.json["version"])
    assert "Nothing to apply" in fer("review", "faces", "apply").out
    assert "not in version v2" in fer("review", "faces", "status").out


def test_undo_takes_back_the_last_of_a_reviewer_or_a_decision_by_number(fer: Fer) -> None:
    image = worst(fer)["image_id"]
    number = fer("review", "faces", "set", image, "keep", "--who", "Ada", "--json").json["id"]
    nothing = fer("review", "faces", "undo")
    assert nothing.status == 0
    assert "Ada" in nothing.out
    assert fer("review", "faces", "undo", "--json").json == {"undone": []}
    taken = fer("review", "faces", "undo", "--who", "Ada", "--json")
    check_keys("review undo", taken)
    assert [(row["id"], row["action"]) for row in taken.json["undone"]] == [(number, "keep")]
    assert fer("review", "faces", "list", "--json").json == []
    assert fer("review", "faces", "list").out == "No decisions yet.\n"
    assert len(fer("review", "faces", "list", "--all", "--json").json) == 2
    second = fer("review", "faces", "set", image, "delete", "--json").json["id"]
    assert f"decision {second}, delete" in fer("review", "faces", "undo", second).out
    assert "Nothing to undo." in fer("review", "faces", "undo", second).out


def test_an_image_is_named_by_id_start_of_id_or_path(fer: Fer) -> None:
    row = worst(fer)
    for name in (row["image_id"], row["image_id"][:8], row["path"]):
        assert fer("review", "faces", "set", name, "keep", "--json").json["image_id"] == row["image_id"]
    short = fer("review", "faces", "set", row["image_id"][:2], "keep")
    assert (short.status, short.out) == (2, "")


def test_an_image_that_an_earlier_version_had_can_be_decided_on(fer: Fer) -> None:
    row = worst(fer)
    fer("review", "faces", "set", row["image_id"], "delete")
    assert fer("review", "faces", "apply", "--json").json["changes"] == {"delete": 1}
    assert fer("review", "faces", "set", row["image_id"], "keep").status == 0


def test_ambiguous_takes_probabilities_from_the_ranking_or_the_option(fer: Fer) -> None:
    image = worst(fer)["image_id"]
    assert fer("review", "faces", "set", image, "ambiguous").status == 0
    (row,) = fer("review", "faces", "list", "--json").json
    assert sum(row["soft_label"].values()) == pytest.approx(1)
    assert fer("review", "faces", "set", image, "ambiguous", "--soft", "happiness=3,sad=1").status == 0
    (row,) = fer("review", "faces", "list", "--json").json
    assert row["soft_label"] == {"happy": 0.75, "sad": 0.25}
    fer("stratify", "faces")
    unranked = fer("review", "faces", "set", image, "ambiguous")
    assert (unranked.status, unranked.out) == (2, "")
    assert "--soft" in unranked.err


def test_the_label_it_has_is_a_keep(fer: Fer) -> None:
    row = worst(fer)
    made = fer("review", "faces", "set", row["image_id"], "relabel", "--label", row["label"], "--json").json
    assert (made["action"], made["label"]) == ("keep", "")


@pytest.mark.parametrize(
    "wrong",
    [
        ["relabel"],
        ["relabel", "--label", "a/b"],
        ["keep", "--label", "sad"],
        ["note"],
        ["delete", "--soft", "sad=1"],
        ["ambiguous", "--soft", "sad"],
        ["ambiguous", "--soft", "sad=-1"],
    ],
    ids=" ".join,
)
def test_decisions_that_make_no_sense_are_refused(fer: Fer, wrong: list[str]) -> None:
    outcome = fer("review", "faces", "set", worst(fer)["image_id"], *wrong)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert fer("review", "faces", "list", "--json").json == []


def test_a_patch_carries_decisions_to_another_copy(fer: Fer, home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "data" / "faces", home / "data" / "copy")
    row, patch = worst(fer), tmp_path / "patch.json"
    fer(
        "review",
        "faces",
        "set",
        row["image_id"],
        "relabel",
        "--label",
        "sad" if row["label"] != "sad" else "happy",
    )
    written = fer("review", "faces", "export", patch, "--json")
    check_keys("review export", written)
    assert (written.json["entries"], written.json["file"]) == (1, str(patch))
    assert fer("review", "faces", "export", patch).status == 2  # never over another file
    assert len(json.loads(patch.read_text())["entries"]) == 1
    read = fer("review", "copy", "import", patch, "--json")
    check_keys("review import", read, "entries", "new", "matched", "missing")
    assert (read.json["new"], read.json["missing"]) == (1, 0)
    assert "0 of 1 entries were new" in fer("review", "copy", "import", patch).out
    assert (
        fer("review", "copy", "apply", "--json").json["version"]
        == fer("review", "faces", "apply", "--json").json["version"]
    )


def test_apply_takes_a_patch_over_first(fer: Fer, home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "data" / "faces", home / "data" / "copy")
    fer("review", "faces", "set", worst(fer)["image_id"], "delete")
    fer("review", "faces", "export", tmp_path / "patch.json")
    applied = fer("review", "copy", "apply", tmp_path / "patch.json", "--json").json
    assert (applied["changes"], applied["patch"]["new"]) == ({"delete": 1}, 1)


def test_two_reviewers_are_dealt_different_faces(fer: Fer) -> None:
    def shown(who: str) -> list[str]:
        found = fer("review", "faces", "next", "--who", who, "--top", "2", "--json")
        check_keys("review next", found, "left", "held", "next")
        return [row["image_id"] for row in found.json["next"]]

    everybody = [
        row["image_id"] for row in fer("review", "faces", "next", "--top", "4", "--json").json["next"]
    ]
    assert shown("Ada") == everybody[:2]
    assert shown("Ben") == everybody[2:]
    assert shown("Ada") == everybody[:2]
    fer("review", "faces", "set", everybody[0], "keep", "--who", "Ada")
    assert shown("Ben") == everybody[2:]
    people = {one["who"]: one for one in fer("review", "faces", "status", "--json").json["people"]}
    assert (people["Ada"]["decisions"], people["Ada"]["holds"]) == (1, 1)
    assert (people["Ben"]["decisions"], people["Ben"]["holds"]) == (0, 2)

    held = fer("review", "faces", "claim", "--who", "Cleo", "--count", "3", "--json")
    check_keys("review claim", held, "images", "holders")
    assert len(held.json["images"]) == 3
    assert shown("Cleo") == held.json["images"][:2]  # looking at two gives none of the three back
    people = {one["who"]: one for one in fer("review", "faces", "status", "--json").json["people"]}
    assert people["Cleo"]["holds"] == 3
    assert not set(held.json["images"]) & set(everybody)
    assert fer("review", "faces", "claim", "--who", "Cleo", "--release", "--json").json["images"] == []
    assert {one["who"] for one in fer("review", "faces", "status", "--json").json["people"]} == {"Ada", "Ben"}


def test_disagreements_are_a_queue_until_the_final_say(fer: Fer) -> None:
    image = worst(fer)["image_id"]
    fer("review", "faces", "set", image, "keep", "--who", "Ada")
    fer("review", "faces", "set", image, "delete", "--who", "Ben")
    found = fer("review", "faces", "next", "--disagree", "--top", "5", "--json").json["next"]
    assert [(row["image_id"], row["said"].split(", ")[1]) for row in found] == [(image, "Ben: delete")]
    assert "disagree on 1 images" in fer("review", "faces", "status").out
    for who, number in (("Ada", 1), ("Ben", 0), ("Ada", 1)):  # it is Ada's to settle now
        dealt = fer("review", "faces", "next", "--disagree", "--who", who, "--json").json
        assert (len(dealt["next"]), dealt["left"], dealt["held"]) == (number, 1, 1 - number)
    fer("review", "faces", "set", image, "delete", "--who", "Ada", "--final")
    assert fer("review", "faces", "next", "--disagree", "--json").json["next"] == []
    assert fer("review", "faces", "status", "--json").json["disagreements"] == 0


def test_the_second_of_two_reviewers_is_told_what_the_first_had_decided(fer: Fer) -> None:
    image = fer("mislabels", "faces", "--json").json["worst"][0]["image_id"]
    decide = ("review", "faces", "set", image)
    assert fer(*decide, "delete", "--who", "Ada", "--json").json["others"] == []
    (said,) = fer(*decide, "keep", "--who", "Ben", "--json").json["others"]
    assert (said["who"], said["action"], said["image_id"]) == ("Ada", "delete", image)
    assert "Ada had decided on this face: delete" in fer(*decide, "keep", "--who", "Cyd").out
    assert fer(*decide, "keep", "--who", "Cyd", "--final", "--json").json["others"] == []

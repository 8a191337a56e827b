"""`duplicates --against` and `review NAME duplicates`: another set's copies, and settling by rule from the shell."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from calling import Fer
from PIL import Image

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset, open_dataset
from fer_core.data.sample.make import truth
from fer_core.review.journal import Journal


def test_what_another_set_has_too_is_listed_with_its_kind(fer: Fer, home: Path, tmp_path: Path) -> None:
    faces = open_dataset(Workspace(home), "faces")
    known = truth(faces)
    table = faces.manifest()
    alone = table[
        (table["error"] == "")
        & (table["contrast"] > 0.1)
        & ~table["path"].isin(
            [p for kind in ("exact", "near", "mirrored", "conflicting") for g in known[kind] for p in g]
        )
    ]
    rows = alone.iloc[:3]
    folder = tmp_path / "theirs" / rows["label"].iloc[0]
    folder.mkdir(parents=True)
    pixels = faces.pixels()
    Image.fromarray(pixels[rows["row"].iloc[0]]).save(folder / "equal.png")
    brighter = np.clip(pixels[rows["row"].iloc[1]].astype(int) + 14, 0, 255).astype(np.uint8)
    Image.fromarray(brighter).save(folder / "brighter.png")
    Image.fromarray(np.ascontiguousarray(pixels[rows["row"].iloc[2]][:, ::-1])).save(folder / "mirrored.png")
    noise = np.random.default_rng(3).integers(0, 256, (48, 48), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "nobody.png")
    import_dataset(Workspace(home), tmp_path / "theirs", "theirs")
    target = tmp_path / "shared.csv"
    kinds = ("--kind", "near,mirrored", "--csv", target, "--json")
    found = fer("duplicates", "theirs", "--against", "faces", *kinds).json
    assert (found["images"], found["shared"]) == (4, 3)
    assert (found["exact"], found["near"], found["mirrored"]) == (1, 1, 1)
    listed = {Path(row["path"]).stem: row for row in csv.DictReader(target.open())}
    assert listed.keys() == {"equal", "brighter", "mirrored"}
    wanted = dict(zip(("equal", "brighter", "mirrored"), rows["image_id"], strict=True))
    assert {name: row["other_image_id"] for name, row in listed.items()} == wanted


def test_a_set_is_not_compared_against_itself(fer: Fer) -> None:
    outcome = fer("duplicates", "faces", "--against", "faces")
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert "against itself" in outcome.err


def test_a_rule_settles_the_groups_it_may_and_one_undo_takes_it_back(fer: Fer, home: Path) -> None:
    faces = open_dataset(Workspace(home), "faces")
    known = truth(faces)
    rule = ("review", "faces", "duplicates", "--policy", "heldout", "--kind", "exact,near,mirrored", "--json")
    said = fer(*rule, "--dry-run").json
    groups = sum(len(known[kind]) for kind in ("exact", "near", "mirrored"))
    assert said["groups"] == said["dropped"] == groups
    assert not said["recorded"]
    assert Journal(faces.journal_path).decisions().empty
    done = fer(*rule, "--who", "Ada").json
    assert done["recorded"]
    decided = Journal(faces.journal_path).decisions()
    dropped = decided[decided["action"] == "delete"]
    assert len(dropped) == groups
    assert set(dropped["who"]) == {"Ada"}
    sides = faces.manifest().set_index("image_id")["split"]
    kept = decided[decided["action"] == "duplicate"]["image_id"].map(sides)
    assert (kept != "train").sum() >= len(known["exact"])  # every planted exact copy crosses splits
    assert fer(*rule).json["groups"] == 0
    version = fer("review", "faces", "apply", "--json").json
    left = fer(
        "duplicates", "faces", "--kind", "near,mirrored", "--version", version["version"], "--json"
    ).json
    assert left["exact"]["groups"] == left["exact"]["conflicting_labels"] == len(known["conflicting"])
    assert left["near"]["groups"] == left["mirrored"]["groups"] == 0
    assert left["method"] == "all pairs, up to 24 bits of phash"


def test_conflicts_are_left_for_a_person(fer: Fer, home: Path) -> None:
    known = truth(open_dataset(Workspace(home), "faces"))
    said = fer("review", "faces", "duplicates", "--policy", "majority", "--queue", "conflicts", "--json").json
    assert (said["groups"], said["left"]) == (0, len(known["conflicting"]))  # pairs of two labels tie

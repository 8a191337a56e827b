"""Every number of a story is worked out anew from the files; none stands in it that was not; and it tells all of its parts."""

from __future__ import annotations

import json
import math
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
import story_numbers
from click.testing import CliRunner
from html_pages import stands_alone
from opened_pages import COMPARE, opened
from told_story import CLASSES, Files, Told, faces, tell

from fer_core.base.workspace import Workspace
from fer_core.cli import cli
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.reports import document, story
from fer_core.runs.run import Run

BEST, SEED, BEFORE, FIRST, LEFT = (
    "0004-compact",
    "0005-compact",
    "0003-compact",
    "0001-compact",
    "0002-compact",
)
PARTS = ("The problem", "The data and its repair", "What each step brought", "Every model", "Where the winner errs", "How "
         "sure it may be",
         "The winner, and why", "The test part", "Limits", "How to do it again")  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tell(tmp_path_factory.mktemp("told"))


@pytest.fixture(scope="module")
def page(dataset: Dataset) -> str:
    return document.html(story.build(dataset))


@pytest.fixture(scope="module")
def told(page: str) -> Told:
    return Told(page)


@pytest.fixture(scope="module")
def files(dataset: Dataset) -> Files:
    return Files(dataset.workspace.root, dataset.name)


def steps(files: Files) -> story_numbers.Numbers:
    """What each step brought, on the val part of v4; seeds of one recipe by their mean."""
    on = f"on-{files.versions[3]['id']}"
    old = files.answers(FIRST, on=on).set_index("image_id")
    third = files.answers(BEFORE).set_index("image_id")["right"].astype(float)
    two = [files.answers(run).set_index("image_id")["right"].astype(float) for run in (BEST, SEED)]
    best = (two[0] + two[1]) / 2
    clean = old.index[~old["seen"]]
    first = old["right"].astype(float)
    found: story_numbers.Numbers = {
        "judged.images": len(third), f"step.{FIRST}.accuracy": first[clean].mean(), f"step.{FIRST}.images": len(clean),
        f"step.{BEFORE}.accuracy": third.mean(), f"step.{BEFORE}.images": len(third), f"step.{BEST}.accuracy": best.mean(),
        f"step.{BEST}.images": len(best), f"step.{BEST}.seeds": 2, "winner.accuracy": best.mean(), "winner.seeds": 2,
        "winner.images": len(best), "head.accuracy": best.mean(), f"own.{LEFT}.accuracy": files.answers(LEFT)["right"].mean(),
        f"own.{LEFT}.images": len(files.answers(LEFT)),
    }  # fmt: skip
    early, late = story_numbers.gain(first[clean], third[clean]), story_numbers.gain(third, best)
    for key in (f"step.{BEFORE}.step", f"step.{BEFORE}.gain", f"pair.{FIRST}.{BEFORE}"):
        found |= dict(story_numbers.told_gain(key, early))
    for key in (f"step.{BEST}.step", f"pair.{BEFORE}.{BEST}"):
        found |= dict(story_numbers.told_gain(key, late))
    found |= dict(story_numbers.told_gain(f"step.{BEST}.gain", story_numbers.gain(first[clean], best[clean])))
    small, large = sorted((early[3], late[3]))
    corrected = {small: 2 * small, large: max(2 * small, large)}
    found |= {f"pair.{FIRST}.{BEFORE}.p": corrected[early[3]], f"pair.{BEFORE}.{BEST}.p": corrected[late[3]]}
    found |= dict(story_numbers.told_gain("phase.v4.gain", story_numbers.gain(first[clean], best[clean])))
    found |= dict(story_numbers.told_gain("phase.v4.total", story_numbers.gain(first[clean], best[clean])))
    found |= {"phase.v1.runs": 1, "phase.v1.accuracy": first[clean].mean(), "phase.v1.images": len(clean)}
    found |= {"phase.v4.runs": 2, "phase.v4.accuracy": best.mean(), "phase.v4.images": len(best)}
    return found | {f"pair.{FIRST}.{BEFORE}.images": len(clean), f"pair.{BEFORE}.{BEST}.images": len(third)}


def leaks_people_and_test(files: Files) -> story_numbers.Numbers:
    images, own = files.images(1), files.answers(FIRST)
    train = set(images.loc[images["split"] == "train", "pixel_hash"])
    leaked = own["image_id"].isin(images.loc[images["pixel_hash"].isin(train), "image_id"])
    key, whole, without = f"leak.{FIRST}", own["right"].mean(), own.loc[~leaked, "right"].mean()
    found: story_numbers.Numbers = {
        f"{key}.accuracy": whole,
        f"{key}.without": without,
        f"{key}.difference": whole - without,
        f"{key}.memory": own.loc[leaked, "right"].mean(),
    }
    for run, expected in ((BEST, None), (BEFORE, 0.99)):
        found |= {f"expected.{run}": expected, f"expected.{run}.came": files.answers(run)["right"].mean()}
    found |= {f"{key}.leaked": int(leaked.sum()), f"{key}.images": len(own)}
    kinds = files.json(f"data/{files.name}/dataset.json")["vote_classes"]
    known = files.images(4).set_index("image_id")["votes"].dropna()
    best = files.answers(BEST).set_index("image_id")
    best = best[best.index.isin(known.index)]
    most = [kinds[int(pd.Series(list(known[image])).idxmax())] for image in best.index]
    found |= {"winner.voted": len(best), "winner.as_people": float((best["said"] == most).mean())}
    found |= {"winner.label_as_people": float((best["label"] == most).mean())}
    test = files.answers(BEST, "test")
    return found | {
        "test.accuracy": test["right"].mean(),
        "test.images": len(test),
        "test.looks": 0,
    }


def test_every_number_is_worked_out_anew(told: Told, files: Files) -> None:
    expected = story_numbers.all_numbers(files, 4, BEST, BEFORE) | steps(files) | leaks_people_and_test(files)
    drawn = {key for key in told.numbers if re.search(r"\.(low|high)$", key) and key not in expected}
    assert set(told.numbers) - drawn == set(expected)
    for key, value in expected.items():
        said = told.numbers[key]
        assert (said is None) == (value is None), key
        if said is not None and value is not None:
            assert said == pytest.approx(value, abs=2e-3 if key.startswith("sure.") else 2e-6), key
    # Bootstrapped and Wilson intervals: around the value, and about as wide as the normal approximation says.
    assert {key.rpartition(".")[0] for key in drawn} == {
        "winner.accuracy",
        "winner.over",
        f"leak.{FIRST}.difference",
        "test.accuracy",
    }
    for key in {key.rpartition(".")[0] for key in drawn}:
        low, value, high = (told.numbers[name] for name in (f"{key}.low", key, f"{key}.high"))
        assert None not in (low, value, high)
        assert (low or 0) <= (value or 0) <= (high or 0), key
    over = told.numbers["winner.over"] or 0, told.numbers["winner.compared"] or 0
    changed = (told.numbers["winner.fixed"] or 0) + (told.numbers["winner.broke"] or 0)
    half = story_numbers.Z * math.sqrt(changed / over[1] - over[0] ** 2) / math.sqrt(over[1])
    assert told.numbers["winner.over.low"] == pytest.approx(over[0] - half, abs=0.06)


def test_no_number_stands_outside(told: Told) -> None:
    """Numbers are in `<data>`, or in names and code, which are checked by themselves; nothing else has a digit."""
    words = re.sub(r"95 %|macro F1", "", told.words)
    assert re.findall(r"[^.;]*\d[^.;]*", words) == []


def test_what_changed_is_told_in_counted_words(page: str, told: Told) -> None:
    n = {
        name: int(sum(told.numbers.get(f"v{v}.{name}") or 0 for v in (2, 3, 4)))
        for name in ("relabelled", "merged", "moved")
    }
    assert (
        f"data v1 → v4 (3 copies dropped, {n['relabelled']} relabelled, {n['merged']} merged, {n['moved']} in another split)"
        in page
    )
    assert "learning rate 0.004" in page
    assert "<code>optimizer.learning_rate = 0.004</code>" in page
    assert "48 × 48 × 8" in page
    assert "The layers of its network were not recorded" in page


def test_curves_are_those_of_the_epochs(told: Told, files: Files) -> None:
    drawn = [curve for curve in told.curves if curve]
    wanted = []
    for run in files.runs[:5]:
        lines = pd.read_json(files.home / "models" / "runs" / run / "metrics.jsonl", lines=True)
        wanted += [("train", lines["accuracy"]), ("val", lines["val_accuracy"])]
    for (tone, points), (name, values) in zip(drawn, wanted, strict=True):
        assert tone == name
        found = [tuple(map(float, point.split(","))) for point in points.split()]
        assert found == [(i, pytest.approx(100 * (1 - v), abs=0.01)) for i, v in enumerate(values, start=1)]


def test_its_parts_stand_alone_with_and_without_faces(page: str, told: Told, dataset: Dataset) -> None:
    stands_alone(page)
    assert [title for title in told.titles if title in PARTS] == list(PARTS)
    assert told.pictures > 20
    bare = Told(document.html(story.build(dataset, faces=False)))
    assert bare.pictures == 0
    assert bare.numbers == told.numbers


def test_markdown_tells_the_same_numbers(page: str, dataset: Dataset) -> None:
    text = document.markdown(story.build(dataset, faces=False))
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
    for said in set(re.findall(r"<data [^>]*value=[^>]*>([^<]*)</data>", page)):
        assert said in plain, said
    assert "data:image" not in text


def test_the_journey_in_the_shell_is_that_of_the_story(
    told: Told, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(dataset.workspace.root))
    found = json.loads(CliRunner().invoke(cli, ["journey", dataset.name, "--json"]).stdout)
    assert (found["number"], found["images"]) == (4, told.numbers["judged.images"])
    for phase in found["phases"]:
        key = f"phase.{phase['version']}"
        assert phase["accuracy"] == pytest.approx(told.numbers[f"{key}.accuracy"], abs=1e-6)
    assert [step["runs"] for step in found["steps"]] == [[FIRST], [BEFORE], [BEST, SEED]]
    assert found["steps"][2]["gain"]["difference"] == pytest.approx(
        told.numbers[f"step.{BEST}.gain"], abs=1e-6
    )
    assert found["expectations"] == [
        {"run": BEFORE, "hypothesis": "The merge alone brings something", "expected": 0.99,
         "came": pytest.approx(told.numbers[f"expected.{BEFORE}.came"]), "verdict": "worse than expected"},
        {"run": BEST, "hypothesis": "A higher rate gets further", "expected": None,
         "came": pytest.approx(told.numbers[f"expected.{BEST}.came"]), "verdict": None},
    ]  # fmt: skip
    assert found["leakage"][FIRST]["memory"] == pytest.approx(told.numbers[f"leak.{FIRST}.memory"], abs=1e-6)
    assert (found["leakage"][BEST]["leaked"], found["leakage"][BEST]["memory"]) == (0, None)
    assert list(found["unjudged"]) == [LEFT]
    rows = json.loads(CliRunner().invoke(cli, ["compare", "--json"]).stdout)
    assert {row["run"]: row["leakage"] for row in rows if row["leakage"]} == found["leakage"]
    words = CliRunner().invoke(cli, ["journey", dataset.name, "--on", "v1"]).output
    assert "The merge alone brings something" in words
    assert f"{FIRST}: 0." in words
    assert f"fer evaluate {BEST}" in words


def test_how_far_people_agree_stands_beside_accuracy(
    told: Told, files: Files, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(dataset.workspace.root))
    kinds = files.json(f"data/{files.name}/dataset.json")["vote_classes"]
    val = files.images(4).query("split == 'val'")["votes"].dropna()
    counts = [sorted(votes[kinds.index(name)] for name in CLASSES) for votes in val]
    people = [row[-1] / sum(row) for row in counts if row[-1] > row[-2]]
    rows = {row["run"]: row for row in json.loads(CliRunner().invoke(cli, ["compare", "--json"]).stdout)}
    assert rows[BEST]["people"] == pytest.approx(sum(people) / len(people))
    assert rows[BEST]["people_images"] == len(people)
    assert rows[BEST]["as_people"] == pytest.approx(told.numbers["winner.as_people"], abs=1e-6)
    left = Run(dataset.workspace.runs / LEFT)
    own = left.version
    left.update(version="f" * 16)
    try:
        app = opened(COMPARE, {"dataset": dataset.name})
    finally:
        left.update(version=own)
    board = next(
        json.loads(json.loads(part.proto.mixed.json or part.proto.json)["rows"])
        for part in app.get("bidi_component")
        if "rows" in (part.proto.mixed.json or part.proto.json)
    )
    shown = {line["id"]: line["cells"]["people"]["text"] for line in board}
    assert (shown[BEST], shown[LEFT]) == (f"{rows[BEST]['people']:.3f}", "–")


def test_every_command_is_one(page: str, files: Files) -> None:
    """What it says to type is understood, names the recipe file as it stands, and gives the same version."""
    lines = [
        line
        for block in re.findall(r"<pre><code>(.*?)</code></pre>", page, re.S)
        for line in block.splitlines()
    ]
    commands = [
        shlex.split(line.partition("    #")[0].replace("&#39;", "'"))
        for line in lines
        if line.startswith("fer ")
    ]
    assert {words[1] for words in commands} == {"import", "review", "stratify", "merge", "train"}
    for words in commands:
        verb = cli.commands[words[1]]
        params = verb.make_context(words[1], words[2:], resilient_parsing=False).params
        if words[1] == "stratify":
            assert (params["ratios"], params["seed"]) == ("60/25/15", 3)
        if words[1] == "merge":
            assert (params["fill"], params["seed"]) == ("sad=4", 42)
    recipe = (files.home / "models" / "runs" / BEST / "recipe.toml").read_text()
    assert recipe.strip().replace('"', "&#34;") in page
    for version in files.versions:
        assert version["id"] in page


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    faces(tmp_path / "source", 3, {"train": 2, "val": 1})
    plain = import_dataset(Workspace(tmp_path / "home"), tmp_path / "source", "plain")
    text = document.markdown(story.build(plain))
    for words in ("not compared yet", "not checked", "No run has answers", "No model was trained yet", "There is none", "not "
                  "judged",
                  "how far people agree is not known"):  # fmt: skip
        assert words in text, words
    assert json.dumps(text).count("None") == 0

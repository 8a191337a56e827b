"""Ranges of fields, successive halving, and what a search refuses; a whole search is in test_search_killed.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_faces import tiny_dataset

from fer_core.base.errors import AlreadyExists, FerError, NotFound, RecipeError, RunError
from fer_core.cli import run
from fer_core.recipes.recipe import load, override
from fer_core.scheduling import queue, search, start
from fer_core.scheduling.search import halving
from fer_core.scheduling.search.space import VariedField, check_space, read_field

COMPACT = override(load("compact"), {"optimizer.name": "adamw", "optimizer.weight_decay": 0.02})
RATE = "optimizer.learning_rate"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{RATE}=1e-4..1e-2", VariedField(RATE, low=1e-4, high=1e-2, log=True)),
        (f"{RATE}=1e-4..1e-2:linear", VariedField(RATE, low=1e-4, high=1e-2)),
        ("learning_rate=2e-3..4e-3", VariedField(RATE, low=2e-3, high=4e-3, log=True)),
        ("optimizer.weight_decay", VariedField("optimizer.weight_decay", low=0.002, high=0.2, log=True)),
        ("augmentation.rotation", VariedField("augmentation.rotation", low=0.0, high=0.5)),
        ("augmentation.rotation=0..0.2", VariedField("augmentation.rotation", low=0.0, high=0.2)),
        ("rand_augment=0..4", VariedField("augmentation.rand_augment", low=0, high=4)),
        ("training.batch_size=8..512", VariedField("training.batch_size", low=8, high=512)),
        ("augmentation.horizontal_flip", VariedField("augmentation.horizontal_flip", (False, True))),
        ("optimizer.name=adam,sgd", VariedField("optimizer.name", ("adam", "sgd"))),
        ("class_weight", VariedField("training.class_weight", ("none", "balanced"))),
    ],
)  # fmt: skip
def test_a_range_is_read_and_written(text: str, wanted: VariedField) -> None:
    found = read_field(COMPACT, text)
    assert found == wanted
    assert found.whole == wanted.whole
    assert read_field(COMPACT, found.text) == found


@pytest.mark.parametrize(
    "text",
    [
        "learning_rat=1..2", "training.epochs=1..9", "training.seed=1..9", "model.blocks=1,2", f"{RATE}=2e-3..1e-3",
        f"{RATE}=0..1:log", f"{RATE}=1..2:exp", f"{RATE}=a..b", "training.batch_size=8.5..16", "optimizer.name=adam", "=1..2",
        "optimizer.name=0..1", "training.accumulation.x",
    ],
)  # fmt: skip
def test_what_cannot_be_varied_is_refused(text: str) -> None:
    with pytest.raises(RecipeError):
        read_field(COMPACT, text)


@pytest.mark.parametrize(
    "texts", [[], [RATE, RATE], ["dropout_is_none=1,2"], [f"{RATE}=-1..1"], ["optimizer.name=adam,none"]]
)
def test_a_space_is_checked_before_anything_is_made(texts: list[str]) -> None:
    with pytest.raises(RecipeError):
        check_space(COMPACT, [read_field(COMPACT, text) for text in texts])


@pytest.mark.parametrize(
    ("epochs", "wanted"), [(1, (1,)), (2, (1, 2)), (9, (1, 3, 9)), (30, (3, 10, 30)), (100, (11, 33, 100))]
)
def test_rungs(epochs: int, wanted: tuple[int, ...]) -> None:
    assert halving.rungs(epochs) == wanted


def test_halving_waits_for_all_and_takes_the_best_third() -> None:
    first = {n: [n / 10] for n in range(9)}
    assert set(halving.targets(first, set(), 3, closed=False).values()) == {0}  # more may come
    assert set(halving.targets({**first, 4: []}, set(), 3, closed=True).values()) == {
        0
    }  # one is still on its way
    assert [n for n, to in halving.targets(first, set(), 3, closed=True).items() if to] == [6, 7, 8]
    without = halving.targets({**first, 8: []}, {8}, 3, closed=True)
    assert [n for n, to in without.items() if to] == [5, 6, 7]
    second = {**first, 6: [0.6, 0.95], 7: [0.7, 0.8], 8: [0.8, 0.9]}
    assert {n: to for n, to in halving.targets(second, set(), 3, closed=True).items() if to} == {
        6: 2,
        7: 1,
        8: 1,
    }
    assert halving.leader(second) == 6
    equal = {n: [0.5] for n in range(6)}
    assert [n for n, to in halving.targets(equal, set(), 2, closed=True).items() if to] == [0, 1]
    assert halving.epochs_to_come(20, (3, 10, 30)) == 6 * 7 + 2 * 20


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"trials": 0}, RecipeError), ({"trials": 501}, RecipeError), ({"budget_hours": 0.0}, RecipeError),
        ({"sampler": "grid"}, RecipeError), ({"name": "a/b"}, FerError), ({"varied": []}, RecipeError),
        ({"recipe": "none"}, RecipeError), ({"version": "v9"}, NotFound), ({"settings": {"epochs": 0}}, RecipeError),
    ],
)  # fmt: skip
def test_a_search_that_cannot_be_is_not_made(
    tmp_path: Path, change: dict[str, Any], error: type[FerError]
) -> None:
    asked: dict[str, Any] = {"version": None, "recipe": "compact", "varied": [RATE], **change}
    faces = tiny_dataset(tmp_path)
    with pytest.raises(error):
        search.begin(faces, **asked)
    assert search.names(faces.workspace) == []


def test_a_search_has_a_name_of_its_own_and_a_journal_that_is_checked(tmp_path: Path) -> None:
    faces = tiny_dataset(tmp_path)
    first = search.begin(faces, None, "compact", [RATE])
    second = search.begin(faces, None, "compact", [RATE], sampler="random")
    assert [first.name, second.name] == ["compact-search-1", "compact-search-2"]
    with pytest.raises(AlreadyExists, match="--resume compact-search-1"):
        search.begin(faces, None, "compact", [RATE], name=first.name)
    standing = search.read(faces.workspace, first.name)
    assert (standing.phase, standing.left, standing.leader, standing.importance) == ("trials", 20, None, {})
    with pytest.raises(NotFound, match="compact-search-1"):
        search.read(faces.workspace, "other")
    journal = faces.workspace.models / "searches" / first.name / "journal.jsonl"
    journal.write_bytes(b"{}\n")
    with pytest.raises(RunError, match="journal of the search is damaged"):
        search.read(faces.workspace, first.name)


@pytest.mark.parametrize(
    "more", [["--trials", "50"], ["--sampler", "random"], ["--budget-hours", "2"], ["--name", "x"]]
)
@pytest.mark.parametrize("verb", ["--show", "--resume", "--delete"])
def test_a_search_that_is_there_takes_no_other_options(
    verb: str,
    more: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    assert run(["tune", verb, "s", *more]) == 2
    assert "stand alone" in capsys.readouterr().err


def test_a_search_is_deleted_and_its_runs_stay_and_go_into_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    monkeypatch.setattr(queue, "launch", lambda run: None)
    faces = tiny_dataset(tmp_path)
    name = search.begin(faces, None, "compact", [RATE]).name
    made = start.start(faces.workspace, faces, None, load("compact"), search=name, trial=0)
    assert run(["tune", "--delete", name]) == 1, "its run waits in the queue"
    assert search.names(faces.workspace) == [name]
    made.update(state="finished")
    capsys.readouterr()
    assert run(["tune", "--delete", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"search": name, "deleted": True, "runs": [made.id]}
    assert search.names(faces.workspace) == []
    assert made.folder.is_dir()
    with pytest.raises(AlreadyExists, match="which was deleted"):
        search.begin(faces, None, "compact", [RATE], name=name)
    assert search.begin(faces, None, "compact", [RATE]).name == "compact-search-2"
    assert run(["tune", "--delete", name]) == 2, "there is none any more"

"""What jobs ask for is what the command line understands, and what the version before asked for is understood too."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from fer_core.cli import cli
from fer_core.jobs import tasks
from fer_core.jobs.task import Task, Unknown

TASKS: list[Task] = [
    tasks.AddSample("faces"),
    tasks.Import("/data/-odd name.zip", "faces"),
    tasks.Import(
        "/d.csv", "f", ("l.csv", "m.csv"), "v.csv", ("joy=happy", "x="), ("NF", "unknown"), "7", own=True
    ),
    tasks.Import("/d", "f", no_labels=True, delivery="none", accept_classes=True),
    tasks.Refresh("faces"),
    tasks.Check("-x", "a91f"),
    tasks.MakeMap("faces", "a91f", "run:0041-compact", "pca"),
    tasks.FindCopies("faces", "a91f", "exact,near,mirrored", 10),
    tasks.FindCopies("faces", "a91f", "exact,near,mirrored", 10, "others"),
    tasks.RankLabels("faces", "a91f"),
    tasks.RankLabels("faces", "a91f", "folds", "compact", 3, 12),
    tasks.RankLabels("faces", "a91f", "file:/home/me/p robabilities=1.csv"),
    tasks.Stratify(
        "faces", "a91f", 0, "70/15/15", None, 0, "class,mode", "near", "none", r"(\w+)_\d", True, 25
    ),
    tasks.Stratify("faces", "a91f", 24, folds=3),
    tasks.Separate("faces", "a91f", certify=True),
    tasks.Merge("faces", "-others", "a91f", "b2", "a, b=3,sad=0", "train", ("joy=happy", "x="), 0, True),
    tasks.Certify("faces", "a91f"),
    tasks.Export("faces", "a91f", "npz", "/x/faces-v1.zip"),
    tasks.WriteReport("faces", "a91f", "/tmp/report.html"),
    tasks.WriteReport("faces", "a91f", story="/tmp/story.html", no_faces=True),
    tasks.WriteReport("faces", "a91f", datasheet="/tmp/sheet.json"),
    tasks.Estimate("faces", "a91f", "compact"),
    tasks.Estimate("faces", "a91f", "compact", ("training.epochs=5", 'model.blocks=[{kind = "flatten"}]')),
    tasks.FindRate("faces", "a91f", "compact", ("training.batch_size=8",)),
    tasks.Evaluate("0041-compact", "a91f"),
    tasks.EvaluateAcross(("0041-compact",)),
    tasks.EvaluateAcross(("0041-compact", "0042-compact"), ("faces", "others"), "test"),
    tasks.JudgeFile("theirs", "faces", "a91f"),
    tasks.MeasureCost(("0041-compact",)),
    tasks.MeasureCost(("0041-compact", "0042-compact")),
    tasks.Tune("compact-search-1"),
    tasks.Convert("0041-compact", "litert", "int8"),
    tasks.Convert("0041-compact", "onnx", target="/tmp/m.onnx"),
]
NAMES = {
    "dataset": "name",
    "search": "resumed",
    "kinds": "kinds",
    "form": "form",
    "target": ("to", "out"),
    "settings": "settings",
}


def parsed(command: list[str]) -> dict[str, Any]:
    verb = cli.commands[command[0]]
    return verb.make_context(command[0], command[1:], resilient_parsing=False).params


@pytest.mark.parametrize("task", TASKS, ids=lambda task: " ".join(task.command(Path("job"))[:1]))
def test_a_task_is_what_its_verb_does(task: Task) -> None:
    found = parsed(task.command(Path("/home/jobs/1")))
    assert found.pop("job") == Path("/home/jobs/1")
    for each in fields(task):
        value = getattr(task, each.name)
        names = NAMES.get(each.name, each.name)
        name = next(n for n in ((names, each.name) if isinstance(names, str) else names) if n in found)
        got = found.pop(name)
        if name == "kinds":
            got = ",".join(got)
        got = str(got) if isinstance(got, Path) else got
        assert got == value, each.name
    defaults = {
        p.name: p.get_default(click.Context(cli.commands[task.kind])) for p in cli.commands[task.kind].params
    }
    for name, value in found.items():  # nothing else was asked for
        assert value in (defaults[name], None, (), False), name


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_a_task_comes_back_from_its_file(task: Task) -> None:
    assert Task.read(task.kind, task.parameters) == task
    assert task.title
    assert task.title != task.kind


@pytest.mark.parametrize(
    ("args", "task"),
    [
        (["sample"], Unknown("sample", ())),  # without the name it had no dataset to be found by
        (
            ["import", "/d.zip", "--name", "f", "--labels=l.csv", "--own"],
            tasks.Import("/d.zip", "f", ("l.csv",), own=True),
        ),
        (
            ["import", "/d.csv", "--name", "f", "--classes=7", "--map=joy=happy", "--map=x=", "--skip=NF"],
            tasks.Import("/d.csv", "f", mapping=("joy=happy", "x="), skip=("NF",), classes="7"),
        ),
        (["refresh", "f"], tasks.Refresh("f")),
        (["check", "f", "--version", "a9"], tasks.Check("f", "a9")),
        (
            ["map", "f", "--version", "a9", "--features", "hog", "--method", "tsne"],
            tasks.MakeMap("f", "a9", "hog", "tsne"),
        ),
        (
            ["duplicates", "f", "--version", "a9", "--kind", "exact,near", "--distance", "10"],
            tasks.FindCopies("f", "a9", "exact,near", 10),
        ),
        (["mislabels", "f", "--version", "a9", "--method", "run:1"], tasks.RankLabels("f", "a9", "run:1")),
        (
            ["export", "f", "--version", "a9", "--format", "npz", "--to", "/x.zip"],
            tasks.Export("f", "a9", "npz", "/x.zip"),
        ),
        (["report", "f", "--version", "a9", "--out", "/x.html"], tasks.WriteReport("f", "a9", "/x.html")),
        (
            [
                "estimate",
                "--dataset",
                "f",
                "--version",
                "a9",
                "--recipe",
                "c",
                "--set",
                "a=1",
                "--set",
                "b=2",
            ],
            tasks.Estimate("f", "a9", "c", ("a=1", "b=2")),
        ),
        (["evaluate", "0001-c", "--version", "a9"], tasks.Evaluate("0001-c", "a9")),
        (["cost", "0001-c"], tasks.MeasureCost(("0001-c",))),
        (["check", "f", "--colour", "red"], Unknown("check", ("f", "--colour", "red"))),
        (["check"], Unknown("check", ())),
    ],
)
def test_the_words_of_the_version_before(args: list[str], task: Task) -> None:
    """As its pages wrote them."""
    assert Task.parse(args) == task

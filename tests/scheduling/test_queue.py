"""The queue, pausing, resuming and forking, with processes that only claim to train."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fer_core.base.errors import NotFound, RecipeError, RunError
from fer_core.base.workspace import Workspace
from fer_core.recipes.combinations import begin_after
from fer_core.recipes.recipe import load, override
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.scheduling import launchers, queue, resume, start


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs that were launched, in order; each is this process and works until its state is changed."""
    ids: list[str] = []

    def launch(run: Run) -> None:
        from fer_core.jobs.process import this_process

        ids.append(run.id)
        (run.folder / "process.json").write_text(
            json.dumps({**this_process(), "host": __import__("socket").gethostname()})
        )
        run.update(state="running")

    monkeypatch.setattr(queue, "launch", launch)
    return ids


def new_run(workspace: Workspace, **settings: object) -> Run:
    return create_run(workspace, "faces", "v", override(load("compact"), settings))


def row(epoch: int, accuracy: float) -> str:
    return json.dumps({"epoch": epoch, "val_accuracy": accuracy, "accuracy": 0.5}) + "\n"


def trained(workspace: Workspace, epochs: int = 3, best: int = 2, **settings: object) -> Run:
    """A run that has finished, with its checkpoints."""
    run = new_run(workspace, **settings)
    (run.folder / "metrics.jsonl").write_text(
        "".join(row(n, 0.9 if n == best else 0.1) for n in range(1, epochs + 1))
    )
    (run.folder / "checkpoints").mkdir()
    for name in ("last", "best-state", "best"):
        (run.folder / "checkpoints" / f"{name}.npz").write_bytes(name.encode())
    run.update(state="finished")
    return run


def test_one_works_the_others_wait_in_order(workspace: Workspace, started: list[str]) -> None:
    runs = [new_run(workspace) for _ in range(3)]
    for run in runs:
        queue.add(run)
    assert started == [runs[0].id]
    assert [r.id for r in queue.waiting(workspace)] == [runs[1].id, runs[2].id]
    queue.move(runs[2], 1)
    assert queue.advance(workspace) == []
    runs[0].update(state="finished")
    assert [r.id for r in queue.advance(workspace)] == [runs[2].id]
    start.stop(runs[1])  # cancelled while it waits
    runs[2].update(state="failed")
    assert queue.advance(workspace) == []
    assert (started, queue.waiting(workspace)) == ([runs[0].id, runs[2].id], [])


def test_as_many_at_once_as_there_are_slots(
    workspace: Workspace, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_SLOTS", "2")
    for _ in range(3):
        queue.add(new_run(workspace))
    assert len(started) == 2
    monkeypatch.setenv("FER_SLOTS", "none")
    with pytest.raises(RunError, match="FER_SLOTS"):
        queue.advance(workspace)


@pytest.mark.parametrize("order", [None, "", '{"ord', '{"order": 7}', "[]", '{"order": [null, {}]}'])
def test_a_run_whose_maker_was_killed_before_it_was_put_in_the_queue_waits_like_others(
    workspace: Workspace, started: list[str], order: str | None
) -> None:
    runs = [new_run(workspace) for _ in range(3)]
    if order is not None:
        (workspace.models / "queue.json").write_text(order)
    assert [run.id for run in queue.waiting(workspace)] == [run.id for run in runs]
    queue.advance(workspace)
    assert started == [runs[0].id]
    queue.move(runs[2], 1)
    assert [run.id for run in queue.waiting(workspace)] == [runs[2].id, runs[1].id]
    with pytest.raises(RunError, match="not in the queue"):
        queue.move(runs[0], 1)


def test_of_two_who_resume_a_run_at_once_one_does(workspace: Workspace, started: list[str]) -> None:
    run = trained(workspace)
    run.update(state="paused")
    both = threading.Barrier(8)

    def press() -> str:
        both.wait()
        try:
            return resume.resume(Run(run.folder)).id
        except RunError as error:
            return error.message

    with ThreadPoolExecutor(8) as pool:
        said = [found.result() for found in [pool.submit(press) for _ in range(8)]]
    assert sorted(said) == [run.id, *[f"Run {run.id} cannot be resumed"] * 7]
    assert started == [run.id]


def test_no_change_of_a_run_is_lost_when_several_change_it(workspace: Workspace) -> None:
    run = new_run(workspace)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Run(run.folder).update(**{f"field_{n}": n}), range(80)))
    assert {f"field_{n}": n for n in range(80)}.items() <= dict(run.info).items()


def test_a_queue_file_that_names_what_is_gone(workspace: Workspace, started: list[str]) -> None:
    run = new_run(workspace)
    (workspace.models / "queue.json").write_text(json.dumps({"order": ["0099-gone", run.id]}))
    assert [r.id for r in queue.advance(workspace)] == [run.id]


def test_a_run_is_paused_and_resumed(workspace: Workspace, started: list[str]) -> None:
    run = new_run(workspace)
    queue.add(run)
    resume.pause(run)
    assert run.state == "pausing"
    with pytest.raises(RunError, match="cannot be resumed"):
        resume.resume(run)
    run.update(state="paused")
    assert run.state == "paused"
    resume.resume(run)
    assert started == [run.id, run.id]
    assert run.state == "running"
    run.update(state="finished")
    resume.pause(run)
    assert run.state == "finished"
    with pytest.raises(RunError, match="fork it"):
        resume.resume(run)


@pytest.mark.parametrize(
    ("epoch", "at", "file"), [("last", 3, "last"), ("best", 2, "best-state"), (2, 2, "best-state")]
)
def test_a_fork_begins_where_the_other_was(
    workspace: Workspace, started: list[str], epoch: int | str, at: int, file: str
) -> None:
    run = trained(workspace)
    made = resume.fork(run, epoch, {"optimizer.learning_rate": 1e-4, "training.epochs": 9})
    assert (made.folder / "checkpoints" / "last.npz").read_bytes() == file.encode()
    assert [r["epoch"] for r in made.epochs_since()[0]] == list(range(1, at + 1))
    info = made.info
    assert (info["forked_from"], info["forked_at"]) == (run.id, at)
    assert info["changed"] == ["optimizer.learning_rate", "schedule.begin_after", "training.epochs"]
    assert made.recipe.optimizer.learning_rate == 1e-4
    assert started == [made.id]
    assert len(run.epochs_since()[0]) == 3


@pytest.mark.parametrize(
    ("before", "settings", "begin"),
    [
        ({"schedule.name": "cosine"}, {"optimizer.learning_rate": 1e-4}, 3),
        ({"schedule.name": "step"}, {"schedule.factor": 0.3}, 3),
        ({"schedule.name": "constant"}, {"schedule.name": "one_cycle"}, 3),
        ({"schedule.name": "cosine"}, {"optimizer.learning_rate": 1e-4, "schedule.begin_after": 0}, 0),  # as asked for
        ({"schedule.name": "cosine"}, {"training.seed": 3}, 0),
        ({"schedule.name": "constant"}, {"optimizer.learning_rate": 1e-4}, None),  # the rate stands still
    ],
)  # fmt: skip
def test_a_fork_with_another_rate_begins_its_schedule_anew(
    workspace: Workspace,
    started: list[str],
    before: dict[str, Any],
    settings: dict[str, Any],
    begin: int | None,
) -> None:
    made = resume.fork(trained(workspace, **before), "last", {"training.epochs": 9, **settings})
    assert begin_after(made.recipe) == begin


def test_forks_that_make_no_sense_are_refused(workspace: Workspace, started: list[str]) -> None:
    run = trained(workspace)
    with pytest.raises(NotFound, match="It has: 2, 3"):
        resume.fork(run, 1)
    with pytest.raises(RecipeError, match="no epoch left"):
        resume.fork(run, "last", {"training.epochs": 3})
    with pytest.raises(RecipeError, match="keeps the model"):
        resume.fork(run, "last", {"model.input_size": 64})
    with pytest.raises(RecipeError, match="keeps what its best epoch is told by"):
        resume.fork(run, "last", {"training.epochs": 9, "training.best": "val_macro_f1"})
    with pytest.raises(NotFound, match="It has: none"):
        resume.fork(new_run(workspace), "best")
    assert started == []


@pytest.mark.parametrize(
    ("text", "wanted"), [("41@12", ("41", 12)), ("41", ("41", "last")), ("41@best", ("41", "best"))]
)
def test_a_fork_is_named(text: str, wanted: tuple[str, int | str]) -> None:
    assert resume.parse_fork(text) == wanted


@pytest.mark.parametrize("text", ["41@", "41@0", "41@first", "41@-2"])
def test_a_fork_is_named_badly(text: str) -> None:
    with pytest.raises(RecipeError, match="RUN@EPOCH"):
        resume.parse_fork(text)


def test_a_launcher_that_only_submits_is_asked_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Submits:
        name = "submits"
        taken: tuple[str, ...] = ()

        def slots(self) -> int:
            return 2

        def launch(self, run: Run) -> None:
            Submits.taken += (run.id,)  # the cluster starts it when it has room

    monkeypatch.setitem(launchers.LAUNCHERS, "submits", Submits())
    monkeypatch.setenv("FER_LAUNCHER", "submits")
    runs = [new_run(workspace) for _ in range(3)]
    for run in runs:
        queue.add(run)
    for _ in range(4):
        queue.advance(workspace)
    assert Submits.taken == (runs[0].id, runs[1].id)
    assert [run.id for run in queue.waiting(workspace)] == [runs[2].id]
    runs[0].update(state="paused")
    resume.resume(runs[0])  # waits behind the third, which has its place now
    assert Submits.taken[2:] == (runs[2].id,)


def test_a_run_that_cannot_be_launched_says_why_and_is_not_tried_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(run: Run) -> None:
        tried.append(run.id)
        raise RunError("The cluster takes nothing")

    monkeypatch.setattr(queue, "launch", refuse)
    run = new_run(workspace)
    for _ in range(3):
        assert queue.advance(workspace) == []
    assert tried == [run.id]
    assert run.status() == ("failed", "The cluster takes nothing.")

"""The Compare page: what it shows of whole, broken, older and foreign runs, and what it keeps covered."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from made_runs import NAMES, tell_epochs, trained
from opened_pages import COMPARE, html_of, opened
from streamlit.testing.v1 import AppTest
from tiny_models import light_weights, save_linear

from fer_core import jobs
from fer_core.base.emotions import SPLITS
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.evaluation import cost, ledger
from fer_core.evaluation.report import evaluate_run
from fer_core.inference import ensemble
from fer_core.jobs.task import Task
from fer_core.jobs.tasks import RankLabels
from fer_core.recipes.recipe import load
from fer_core.runs import predictions, run_annotations
from fer_core.runs.run import Run
from fer_core.runs.store import create_run, list_runs
from fer_core.scheduling import queue
from fer_core.ui.shell.run_snapshots import title

ROOT = Path(__file__).resolve().parents[2]


def finished(
    dataset: Dataset,
    share: float,
    seed: int = 1,
    shift: int = 0,
    names: Sequence[str] = NAMES,
    **fields: object,
) -> Run:
    """An evaluated run that answers so much of every split rightly."""
    settings = {"training.seed": seed, **fields}
    run = trained(dataset, share, SPLITS, names=names, shift=shift, settings=settings, parameters=1000)
    tell_epochs(run, [share])
    evaluate_run(run)
    return run


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("compare")
    make_sample(Workspace(root), count=300)
    return root


@pytest.fixture
def dataset(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    shutil.copytree(source, tmp_path / "home")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    return Dataset(Workspace(tmp_path / "home"), "sample")


def visit(**state: object) -> AppTest:
    return opened(COMPARE, **state)


def words(app: AppTest) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html_of(app)))


def board(app: AppTest) -> list[dict[str, object]]:
    """The rows the leaderboard got."""
    for element in app.get("bidi_component"):
        data = json.loads(element.proto.mixed.json) if element.proto.WhichOneof("data") == "mixed" else None
        data = data or json.loads(element.proto.json or "{}")
        if "domain" in data:
            return list(json.loads(data["rows"]))
    raise AssertionError("there is no leaderboard")


def test_two_runs_are_held_against_each_other(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    first = finished(dataset, 0.5)
    second = finished(dataset, 0.9, **{"optimizer.learning_rate": 0.01})
    app = visit(cmp_picked=[first.id, second.id])
    text = words(app)
    assert f"B {title(second)} against A {title(first)}" in text
    assert "B is better" in text
    assert "optimizer.learning_rate" in text
    assert "best of its seeds" not in text
    val = len(readable(dataset.manifest()).query("split == 'val'"))
    fixed = round(0.9 * val) - round(0.5 * val)
    assert f"fixed {fixed}, broke 0 of {val} validation images" in text
    assert "significant" in text  # the strip says so of the two best
    rows = board(app)
    assert [(row["id"], row["name"]) for row in rows] == [(run.id, title(run)) for run in (second, first)]
    assert [row["cells"]["rank"]["text"] for row in rows] == ["1", "2"]
    address = dict(app.query_params)
    assert address["runs"] == f"{first.id},{second.id}"
    again = opened(COMPARE, address)  # after a reload
    assert f"B {title(second)} against A {title(first)}" in words(again)
    del again.query_params["runs"]  # Back, to before they were chosen
    assert "against A" not in words(again.run())
    asked: list[Task] = []
    monkeypatch.setattr(jobs, "start", lambda workspace, task: asked.append(task))
    app.button(key="cmp-review-both").click().run()
    assert not app.exception
    assert asked == [RankLabels("sample", dataset.head, f"run:{first.id}")]


def test_seeds_fold_into_one_row_and_equal_runs_share_a_rank(dataset: Dataset) -> None:
    for seed, share in ((1, 0.78), (2, 0.8), (3, 0.82)):
        finished(dataset, share, seed, shift=seed * 3)
    other = finished(dataset, 0.8, shift=20, **{"training.batch_size": 32})
    rows = board(visit())
    assert len(rows) == 2
    folded = next(row for row in rows if row["name"] == "compact · 3 seeds")
    assert re.fullmatch(r"0\.8\d* ± 0\.02\d*", folded["cells"]["accuracy"]["text"])
    assert {row["cells"]["rank"]["text"] for row in rows} == {"1="}
    assert other.id in {row["id"] for row in rows}
    pair = words(visit(cmp_picked=[str(folded["id"]), other.id]))
    assert "compact · 3 seeds: shown by the best of its seeds" in pair
    app = visit(cmp_fold=False)
    assert len(board(app)) == 4


def test_test_results_stay_hidden_until_asked_for(dataset: Dataset) -> None:
    run = finished(dataset, 0.6)
    app = visit(cmp_split="test")
    assert "Test results are hidden" in words(app)
    assert ledger.reads(dataset.workspace) == []
    assert board(app)[0]["cells"]["rank"]["text"] == "–"
    assert not (run.folder / "evaluation-test.json").exists()
    app.button(key="cmp-look").click().run()
    assert not app.exception
    (look,) = ledger.reads(dataset.workspace)
    assert (look["run"], look["via"]) == (run.id, "page")
    found = json.loads((run.folder / "evaluation-test.json").read_text())["splits"]["test"]
    assert board(app)[0]["cells"]["accuracy"]["text"] == f"{found['accuracy']:.3f}"
    assert (
        "ledger" not in board(app)[0]["cells"]
    )  # nobody chose anything after looking: the column would say nothing
    late = finished(dataset, 0.6, **{"training.epochs": 3})
    late.update(created="2099-01-01T00:00:00+00:00")
    chips = {row["id"]: row["cells"]["ledger"]["text"] for row in board(visit())}
    assert chips == {run.id: "clean", late.id: "tuned after test 1×"}


def test_runs_that_are_not_whole_are_shown_as_what_they_are(dataset: Dataset) -> None:
    good = finished(dataset, 0.7)
    turned = finished(dataset, 0.7, names=NAMES[::-1], **{"training.epochs": 2})
    cut = finished(dataset, 0.9, **{"training.epochs": 3})
    file = predictions.predictions_path(cut.folder, "val")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    missing = finished(dataset, 0.9, **{"training.epochs": 4})
    predictions.predictions_path(missing.folder, "val").unlink()
    fewer = finished(dataset, 0.9, **{"training.epochs": 5})
    predictions.write(fewer.folder, "val", predictions.read(fewer.folder, "val").head(10))
    gone = finished(dataset, 0.9, **{"training.epochs": 6})
    gone.update(version="0123456789abcdef", version_number=None)
    old = finished(dataset, 0.9, **{"training.epochs": 7})
    (old.folder / "evaluation.json").write_text('{"schema": 0, "accuracy": 0.99}')
    (old.folder / "recipe.toml").write_text("[model]\nunknown = 1\n")
    killed = create_run(dataset.workspace, "sample", dataset.head, load("compact"), state="running")
    (killed.folder / "process.json").write_text('{"host": "nowhere", "pid": 1, "create_time": 1}')
    empty = finished(dataset, 0.9, **{"training.epochs": 8})
    (empty.folder / "run.json").write_text("")
    (empty.folder / "marks.json").write_text('{"star": "yes", "tags": 5}')

    rows = {row["id"]: row["cells"] for row in board(visit())}
    ranked = {name: cells["accuracy"]["text"] for name, cells in rows.items() if cells["rank"]["text"] != "–"}
    val = len(readable(dataset.manifest()).query("split == 'val'"))
    right = f"{round(0.7 * val) / val:.3f}"
    assert ranked == {good.id: right, turned.id: right, old.id: f"{round(0.9 * val) / val:.3f}"}
    assert "gone" in rows[gone.id]["data"]["text"]
    for name in (cut.id, missing.id, fewer.id):
        assert rows[name]["accuracy"]["tip"]
    for run in (good, turned, cut, missing, fewer, gone, old, killed):
        visit(cmp_picked=[run.id])
        visit(cmp_picked=[good.id, run.id])


def test_notes_archive_and_delete_are_kept_in_the_journal(dataset: Dataset) -> None:
    run, other = finished(dataset, 0.7), finished(dataset, 0.6, **{"training.epochs": 2})
    app = visit(cmp_picked=[run.id])
    app.text_area(key=f"cmp-note-{run.id}").set_value("the first").run()
    assert run_annotations.read(run)["note"] == "the first"
    app.button(key="cmp-archive").click().run()
    assert not app.exception
    assert [row["id"] for row in board(visit())] == [other.id]
    app = visit(cmp_picked=[other.id])
    app.button(key="cmp-delete").click().run()
    assert app.button(key="cmp-delete-yes").label == "Delete it"
    assert other.folder.exists()  # it asks; the browser test presses on
    run_annotations.delete(other)
    assert not other.folder.exists()
    assert predictions.stored_splits(dataset.workspace.models / "deleted" / other.id) == sorted(SPLITS)
    actions = (dataset.workspace.models / "runs-journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["action"] for line in actions] == ["mark", "mark", "delete"]


def test_settings_pairs_and_the_journey_are_told(dataset: Dataset) -> None:
    runs = [finished(dataset, 0.5), finished(dataset, 0.9, **{"model.color": "rgb"}),
            finished(dataset, 0.6, **{"training.batch_size": 32})]  # fmt: skip
    app = visit(look="Settings")
    assert "Paired experiments" in (text := words(app))
    assert "gray → rgb" in text
    assert f"{title(runs[0])} → {title(runs[1])}" in text
    assert "better" in text
    assert len(app.get("plotly_chart")) == 1
    app = visit(look="Journey")
    assert "3 runs, 1 of them a new best" in (text := words(app))
    assert "color rgb" in text
    told = app.button(key="cmp-winner-tell").click().run().markdown[-1].value
    assert f"{title(runs[1])} wins: 0.896 " in told
    assert f"Over {title(runs[2])}: +" in told
    visit(look="Journey", cmp_split="test")  # nothing is ranked while it is covered
    assert ledger.reads(dataset.workspace) == []


def test_the_gain_is_attributed_to_single_changes(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "launch", lambda run: None)
    first = finished(dataset, 0.5)
    both = {"model.color": "rgb", "training.batch_size": 32}
    second = finished(dataset, 0.9, **both)
    app = visit(cmp_picked=[first.id, second.id])
    assert app.button(key="cmp-ablate").label == "Attribute the gain: queue 2 runs"
    app.button(key="cmp-ablate").click().run()
    assert not app.exception
    queued = [run for run in list_runs(dataset.workspace) if run.state == "queued"]
    assert {run.info["ablation"]["change"] for run in queued} == set(both)
    assert "2 runs to come" in words(app)
    for run in queued:
        name = "model.color" if run.recipe.model.color == "rgb" else "training.batch_size"
        twin = finished(dataset, 0.8 if name == "model.color" else 0.5, **{name: both[name]})
        for path in twin.folder.glob("*.parquet"):
            (run.folder / path.name).write_bytes(path.read_bytes())
        run.update(state="finished")
        run_annotations.delete(twin)
    text = words(visit(cmp_picked=[first.id, second.id]))
    assert "points come of the changes together" in text
    assert "Attribute the gain" not in text


def test_an_ensemble_is_built_judged_and_kept(dataset: Dataset) -> None:
    runs = [finished(dataset, 0.6, shift=shift, **{"training.epochs": shift + 1}) for shift in (0, 9, 18)]
    app = visit(look="Ensemble")
    text = words(app)
    assert "What it gains" in text
    assert "best member" in text
    two = {"classes": NAMES, "input_size": 48, "color": "gray"}
    for run in runs:
        weights = np.concatenate([light_weights(), light_weights()[..., :1]], axis=3)
        save_linear(run.folder / "model.onnx", weights, metadata=two)
    app.toggle(key="cmp-ens-greedy").set_value(False).run()
    app.text_input(key="cmp-ens-name-ensemble-1").set_value("three")
    app.button(key="cmp-ens-save").click().run()
    assert not app.exception
    (kept,) = ensemble.saved_ensembles(dataset.workspace)
    assert (kept["name"], len(kept["members"])) == ("three", 3)
    assert "three is kept" in words(app)


def test_what_was_measured_stands_beside_the_run(dataset: Dataset) -> None:
    run = finished(dataset, 0.6)
    run.update(device="CPU, 2 cores", seconds=360.0)
    text = words(visit(cmp_picked=[run.id]))
    assert "about 2.0 Wh" in text
    save_linear(run.folder / "model.onnx", np.zeros((48, 48, 1, 4)),
                metadata={"classes": NAMES, "input_size": 48, "color": "gray"})  # fmt: skip
    cost.measure(run)
    app = visit(cmp_picked=[run.id], cmp_column_names=["ms", "flops", "energy"])
    assert "per face" in words(app)
    (row,) = board(app)
    assert (row["cells"]["flops"]["text"], row["cells"]["energy"]["text"]) == ("0", "2.0")


def test_a_run_that_was_stopped_in_its_first_epoch_or_guesses_is_marked(dataset: Dataset) -> None:
    whole, cut, guess = finished(dataset, 0.9), finished(dataset, 0.6, seed=2), finished(dataset, 0.2, seed=3)
    early = finished(dataset, 0.5, seed=4)
    early.update(state="stopped", planned_epochs=8)
    cut.update(state="stopped", member="seed 2")
    tell_epochs(cut, [0.6], partial=True)
    guess.update(images={"val": 100})
    rows = {str(row["id"]): row for row in board(visit(cmp_fold=False))}
    assert rows[cut.id]["note"] == "stopped in its first epoch"
    assert rows[early.id]["note"] == "stopped at 1/8"
    assert rows[whole.id]["note"] == ""
    assert rows[guess.id]["cells"]["verdict"]["text"] == "chance"
    assert rows[whole.id]["cells"]["verdict"]["text"] == "do not trust"  # .9 on val, .8 on its own

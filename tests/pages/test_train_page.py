"""The Train page: runs wait in line, pause, go on and branch off by clicking; the training process is stood in for."""

from __future__ import annotations

import socket
from pathlib import Path

from opened_pages import TRAIN, html_of, opened
from streamlit.testing.v1 import AppTest
from train_desk import dataset, press, runs, train_home, trained

from fer_core.base.atomic import write_json
from fer_core.base.jsonl import append_line
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.jobs.process import this_process
from fer_core.scheduling import queue

ROOT = Path(__file__).resolve().parents[2]


__all__ = ["dataset", "train_home"]  # fixtures


def visit() -> AppTest:
    return opened(TRAIN)


def test_a_second_run_waits_and_can_be_cancelled(dataset: Dataset) -> None:
    app = press(visit(), "Train")
    press(app, "Train")
    assert [run.state for run in runs(dataset)] == ["running", "queued"]
    assert "1 running, 1 queued" in html_of(app)
    press(app, "Cancel")
    assert [run.state for run in runs(dataset)] == ["running", "stopped"]


def test_train_is_the_next_and_queue_is_the_last(dataset: Dataset) -> None:
    app = press(visit(), "Train")
    press(app, "Queue")
    assert "Run 1 " in html_of(app)  # what one was watching stays
    press(app, "Train")
    assert [run.id[:4] for run in queue.waiting(dataset.workspace)] == ["0003", "0002"]


def test_the_next_starts_when_one_has_ended_and_somebody_looks(dataset: Dataset) -> None:
    app = press(visit(), "Train")
    press(app, "Train")
    runs(dataset)[0].update(state="finished")
    app.run()
    assert [run.state for run in runs(dataset)] == ["finished", "running"]


def test_pause_and_resume(dataset: Dataset) -> None:
    press(press(visit(), "Train"), "Pause")
    (run,) = runs(dataset)
    assert run.state == "pausing"
    run.update(state="paused")
    press(visit(), "Resume")
    assert run.state == "running"
    assert not run.pause_requested


def test_a_dataset_without_runs_shows_none_and_says_where_some_are(dataset: Dataset) -> None:
    trained(dataset, 5)
    make_sample(dataset.workspace, count=120, name="other")
    app = opened(TRAIN, {"dataset": "other"})
    said = html_of(app)
    assert "No runs of other yet" in said
    assert "Runs there are of sample" in said
    assert "epoch 5" not in said
    assert app.session_state["train-runs-current"] == ""


def test_a_first_epoch_tells_its_batches(dataset: Dataset) -> None:
    run = trained(dataset, 0)
    write_json(run.folder / "process.json", {**this_process(), "host": socket.gethostname()})
    run.update(state="running")
    for step in (10, 20, 30):
        write_json(run.folder / "progress.json", {"phase": "training", "epoch": 1, "epochs": 40, "step": step, "steps": 300,
                                                  "loss": 2 - step / 100, "accuracy": 0.25})  # fmt: skip
        app = visit()
    assert "batch 30 of 300" in html_of(app)
    assert "loss <b>1.700</b>" in html_of(app)
    assert "mean loss of the epoch so far" in html_of(app)


def test_several_seeds_are_one_experiment(dataset: Dataset) -> None:
    app = visit()
    app.number_input(key="train-compact-0-seeds").set_value(3).run()
    press(app, "Train")
    made = runs(dataset)
    assert len({run.info["experiment"] for run in made}) == 1
    assert [run.recipe.training.seed for run in made] == [42, 43, 44]
    for run, top in zip(made, (0.8, 0.9, None), strict=True):
        if top:
            row = {"epoch": 1, "accuracy": top, "val_accuracy": top, "loss": 1.0, "val_loss": 1.0,
                   "learning_rate": 1e-3, "seconds": 1.0, "images_per_second": 9.0}  # fmt: skip
            append_line(run.folder / "metrics.jsonl", row)
            run.update(state="finished")
    app.run()
    assert "2 of 3 runs of this experiment have finished" in html_of(app)
    assert "0.850 ± 0.071" in html_of(app)


def test_warnings_name_what_is_wrong_with_the_version(dataset: Dataset) -> None:
    first = dataset.versions()[0]
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.session_state["fer-dataset"], app.session_state["fer-version"] = dataset.name, first.id
    app.switch_page("pages/models/train.py").run()
    said = html_of(app)
    assert "of val is in another split too" in said  # the sample's planted leaks
    assert "blank picture" in said
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert {"Repair", "See them"} <= set(links)
    assert "contrast=..0.02" in links["See them"]


def test_a_running_run_says_where_it_is(dataset: Dataset) -> None:
    recall = {"happy": 0.91, "sad": 0.55, "neutral": None}
    row = {"val_recall": recall, "cpu_percent": 196.0, "rss_mb": 1400.0}
    run = trained(dataset, 12, row=row)
    write_json(run.folder / "process.json", {**this_process(), "host": socket.gethostname()})
    write_json(run.folder / "progress.json", {"phase": "training", "epoch": 13, "epochs": 37, "step": 5, "steps": 10,
                                              "images_per_second": 1012.0, "eta_seconds": 400.0})  # fmt: skip
    run.update(state="running")
    manifest = dataset.manifest()
    some = manifest[manifest["split"] == "val"].iloc[0]
    worst = [{"image_id": str(some["image_id"]), "label": "sad", "said": "happy", "probability": 0.97}]
    write_json(run.folder / "worst.json", {"epoch": 12, "images": worst})
    app = visit()
    said = html_of(app)
    for piece in (
        "<b>epoch 12</b> of 37",  # of its recipe's 40; a stage has ended early
        "<b>7 min</b> left",
        "1,012 images/s",
        "CPU 196 %",
        "1.4 GB",
        "healthy",
    ):
        assert piece in said, piece
    assert 'aria-label="happy: 91% recognised, level"' in said
    assert "neutral: " not in said
    assert "Wrong with most confidence" in said
    assert "Review these labels" in {link.proto.label for link in app.get("page_link")}


def test_a_failed_run_says_why_and_what_to_try(dataset: Dataset) -> None:
    reason = "The memory was not enough. Try a smaller batch_size, or a smaller model."
    run = trained(dataset, 3, "failed", reason=reason)
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "last.npz").touch()
    app = visit()
    assert any(reason in e.value for e in app.error)
    app.button(key=f"advice-{run.id}-remedy").click().run()
    assert not app.exception
    filled = {n.label: n.value for n in app.number_input if (n.key or "").startswith("fork-")}
    assert (filled["batch size"], filled["accumulate batches"]) == (32, 2)
    assert app.button(key="fork-start").label == "Start the run"  # a fork cannot begin to accumulate


def test_advice_is_one_click_from_a_run_with_it_filled_in(dataset: Dataset) -> None:
    run = trained(dataset, 20, gap=0.25)
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "last.npz").touch()
    app = visit()
    assert "severe overfitting" in html_of(app)
    app.button(key=f"advice-{run.id}-0").click().run()
    assert not app.exception
    assert "off → <b>on</b>" in html_of(app)  # mirrored from now on
    assert app.button(key="fork-start").label == "Start the fork"
    app.button(key="fork-start").click().run()
    made = runs(dataset)[-1]
    assert made.id != run.id
    assert made.recipe.augmentation.horizontal_flip


def test_pages_of_old_runs_show_what_there_is(dataset: Dataset) -> None:
    trained(dataset, 5)
    said = html_of(visit())
    assert "Recall by class" not in said
    assert "Wrong with most confidence" not in said
    assert "CPU · 2 cores" in said


def test_a_fork_of_a_finished_run_has_epochs_left_to_train(dataset: Dataset) -> None:
    run = trained(dataset, 40)  # all that were planned
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "last.npz").touch()
    app = visit()
    app.button(key=f"fork-{run.id}").click().run()
    app.button(key="fork-start").click().run()
    assert not app.exception
    made = runs(dataset)[-1]
    assert (made.id != run.id, made.info["forked_at"], made.recipe.training.epochs) == (True, 40, 60)

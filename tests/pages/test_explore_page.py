"""The explorer's views: each draws, links lead where they say, and what is decided is in the journal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_runs import answer, trained
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset, open_dataset
from fer_core.data.importing.options import Options
from fer_core.data.sample.make import make_sample
from fer_core.evaluation.report import evaluate_run
from fer_core.explore.facts import ImageFacts
from fer_core.explore.filter import Selection
from fer_core.explore.saved_views import SavedView, forget_view, keep_view, read_views
from fer_core.review.journal import Journal
from fer_core.runs.store import list_runs
from fer_core.ui.explore.state import open_explorer, write_address
from fer_core.ui.shell.page import Scope

ROOT = Path(__file__).resolve().parents[2]
VIEWS = ("Overview", "Faces", "Map", "Averages", "Measures", "Votes", "Versions")
Visit = Callable[..., AppTest]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("filled")), count=160)


@pytest.fixture(scope="module")
def voted(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Twelve pictures whose train split is balanced and whose val split is not, with votes."""
    folder = tmp_path_factory.mktemp("voted")
    draw = np.random.default_rng(0)
    votes = []
    wanted = {("train", "happy"): 4, ("train", "sad"): 4, ("val", "happy"): 30, ("val", "sad"): 2}
    for (split, label), count in wanted.items():
        (folder / "faces" / split / label).mkdir(parents=True)
        for i in range(count):
            name = f"{split}/{label}/{split}-{label}-{i}.png"
            Image.fromarray(draw.integers(0, 256, (48, 48), dtype=np.uint8)).save(folder / "faces" / name)
            happy = 5 if i % 2 else 9
            votes.append({"file": name, "happy": happy, "sad": 10 - happy})
    table = folder / "votes.csv"
    pd.DataFrame(votes).to_csv(table, index=False)
    home = Workspace(tmp_path_factory.mktemp("voted-home"))
    return import_dataset(home, folder / "faces", "voted", options=Options(votes=str(table)))


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    def go(dataset: Dataset, **query: str) -> AppTest:
        monkeypatch.setenv("FER_HOME", str(dataset.workspace.root))
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=90)
        app.switch_page("pages/data/explore.py")
        for key, value in query.items():
            app.query_params[key] = value
        return fine(app.run())

    return go


def fine(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def words(app: AppTest) -> str:
    """All that stands on the page, that of components too."""
    parts = [str(getattr(e.proto, "body", "")) for e in app.get("html")]
    parts += [str(e.proto) for e in app.get("bidi_component")]
    return " ".join(parts)


def decisions(dataset: Dataset) -> dict[str, int]:
    return Journal(dataset.journal_path).counts()


def button(app: AppTest, key: str) -> Any:
    return next(b for b in app.button if b.key == key)


@pytest.mark.parametrize("name", ["sample", "voted"])
def test_every_view_draws(name: str, visit: Visit, request: pytest.FixtureRequest) -> None:
    app = visit(request.getfixturevalue(name))
    for view in VIEWS[1:]:
        app.session_state["view"] = view
        fine(app.run())
    assert app.session_state["view"] == "Versions"


def test_a_link_shows_what_it_says(visit: Visit, sample: Dataset) -> None:
    app = visit(sample, view="Faces", label="happy,sad", flag="copy,dark", order="-sharpness")
    facts = ImageFacts(sample, sample.head)
    wanted = Selection(any_of={"label": ("happy", "sad")}, flags=("copy", "dark")).mask(facts).sum()
    assert wanted > 0
    assert f"{wanted:,} of {len(facts):,}" in words(app)
    next(g for g in app.pills if g.key == "exp-f-label").set_value(["sad"])
    fine(app.run())
    assert app.query_params["label"] in ("sad", ["sad"])
    assert app.session_state["exp-state"].selection.any_of == {"label": ("sad",)}


def test_a_link_that_means_nothing_here_breaks_nothing(visit: Visit, sample: Dataset) -> None:
    app = visit(
        sample, view="Faces", label="bored", flag="nonsense,run_wrong", order="label", face="f" * 16, run="0099-x",
        said="happy", agreement="0..1", page="77",
    )  # fmt: skip
    assert "No face passes these filters" in words(app)
    assert "not in this version" in words(app)
    fine(visit(sample, view="Faces", page="9999", order="subject"))


def test_a_face_is_opened_decided_and_undone(visit: Visit, sample: Dataset) -> None:
    row = sample.manifest().query("error == '' and label == 'happy'").iloc[3]
    app = visit(sample, view="Faces", face=row["image_id"])
    told = words(app)
    for known in (
        row["path"].rsplit("/", 1)[-1],
        row["pixel_hash"][:16],
        f"{row['sharpness']:.4f}",
        "Nearest",
    ):
        assert known in told
    fine(button(app, "exp-label-sad").click().run())
    held = Journal(sample.journal_path).decisions()
    assert held[["image_id", "action", "label"]].to_numpy().tolist() == [[row["image_id"], "relabel", "sad"]]
    assert "→ sad by you" in words(app)
    fine(button(app, "exp-undo").click().run())
    assert sum(decisions(sample).values()) == 0


def test_many_are_decided_at_once_and_undone_at_once(visit: Visit, sample: Dataset) -> None:
    app = visit(sample, view="Faces", label="neutral")
    facts = ImageFacts(sample, sample.head)
    ids = facts.columns.ids(Selection(any_of={"label": ("neutral",)}).positions(facts)[:7])
    app.session_state["exp-state"].picked = tuple(ids)
    app.run()
    assert "7 selected" in words(app)
    fine(button(app, "exp-bulk-delete-delete").click().run())
    assert decisions(sample)["delete"] == 7
    assert app.session_state["exp-state"].picked == ()
    assert "7 faces deleted." in words(app)
    fine(button(app, "exp-bulk-undo").click().run())
    assert sum(decisions(sample).values()) == 0


def test_a_balanced_train_and_an_uneven_val_are_called_out(visit: Visit, voted: Dataset) -> None:
    told = words(visit(voted))
    assert "train is balanced, val is not (happy 15.0 times sad)" in told
    assert "humans disagree" in told


def test_votes_and_an_ambiguous_face(visit: Visit, voted: Dataset) -> None:
    facts = ImageFacts(voted, voted.head)
    differ = int(facts.flag("humans_disagree").sum())
    assert differ == 20  # every second picture, five votes each
    app = visit(voted, view="Votes")
    assert f"disagree: {differ:,} faces" in words(app)
    row = voted.manifest().query("path.str.contains('val-sad-1')", engine="python").iloc[0]
    app = visit(voted, view="Faces", face=row["image_id"])
    assert "votes: happy 5, sad 5" in words(app)
    fine(button(app, "exp-do-Ambiguous").click().run())
    held = Journal(voted.journal_path).decisions().iloc[0]
    assert held["soft_label"] == {"happy": 0.5, "sad": 0.5}


def test_the_target_is_chosen_and_checked(visit: Visit, sample: Dataset) -> None:
    app = visit(sample, target="60/20/20")
    assert "60%" in words(app)
    app = visit(sample, target="60/20")
    assert "3 ratios are needed" in app.warning[0].value


def test_averages_open_on_the_pair_that_the_best_run_confuses_most(
    visit: Visit, sample: Dataset, tmp_path: Path
) -> None:
    shutil.copytree(sample.workspace.root, tmp_path, dirs_exist_ok=True)
    dataset = open_dataset(Workspace(tmp_path), "sample")
    assert "these means are closest" in words(visit(dataset, view="Averages"))
    for share, wrong in ((0.6, "happy"), (0.9, "neutral")):
        run = trained(dataset, share)
        val = dataset.manifest().query("split == 'val'")
        said = val["label"].where(val["label"] != "sad", wrong)
        answer(run, "val", val, said.tolist())
        if wrong == "happy":  # the worse of the two: nine faces of neutral are got wrong as well
            answer(run, "val", val, said.where(val["label"] != "neutral", "surprise").tolist())
        evaluate_run(run)
    app = visit(dataset, view="Averages")
    assert [box.value for box in app.selectbox if box.key in ("first", "second")] == ["sad", "neutral"]
    assert f"Run {run.id} confuses them most" in words(app)
    others = list_runs(dataset.workspace)
    here = trained(dataset, 0.0)  # it gets everything wrong, on the version of the page
    evaluate_run(here)
    for other in others:
        other.update(version="f" * 16)
    assert here.evaluation()["splits"]["val"]["accuracy"] == 0
    assert f"Run {here.id} confuses them most" in words(visit(dataset, view="Averages"))
    here.update(
        version="e" * 16
    )  # nobody is left who learned from this version: the best of the others, with theirs
    assert f"Run {run.id}, which learned from v1 ffffff, gone, confuses" in words(
        visit(dataset, view="Averages")
    )


def test_many_are_decided_only_where_a_bar_says_so(visit: Visit, sample: Dataset) -> None:
    rows = sample.manifest().query("error == ''")
    happy, *others = [str(rows.query("label == @name").iloc[0]["image_id"]) for name in ("happy", "sad")]
    app = visit(sample, view="Faces", face=happy)
    app.session_state["exp-state"].picked = tuple(others)  # ticked, and the key of a label pressed at once
    fine(button(app, "exp-label-happy").click().run())
    held = Journal(sample.journal_path).decisions()
    assert held[["image_id", "action", "label"]].to_numpy().tolist() == [[*others, "relabel", "happy"]]
    fine(button(app, "exp-bulk-undo").click().run())
    app.session_state["exp-state"].picked = tuple(others)
    app.session_state["view"] = "Measures"
    fine(app.run())
    assert "by the bar below" not in words(app)
    fine(button(app, "exp-do-Delete").click().run())
    assert Journal(sample.journal_path).decisions()["image_id"].tolist() == [happy]
    fine(button(app, "exp-undo").click().run())


def test_what_was_chosen_on_one_dataset_is_forgotten_on_another(
    sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(sample.workspace.root, tmp_path, dirs_exist_ok=True)
    first = open_dataset(Workspace(tmp_path), "sample")
    other = make_sample(Workspace(tmp_path), "another", count=120)
    address = {"label": "sad"}
    monkeypatch.setattr("streamlit.session_state", {})
    monkeypatch.setattr("streamlit.query_params", address)

    def arrive(dataset: Dataset) -> Any:
        explorer = open_explorer(Scope(dataset.workspace, dataset, dataset.version(None)))
        write_address(explorer)
        return explorer.state

    state = arrive(first)
    state.last, state.picked, nonce = "3 faces deleted.", ("a",), state.nonce
    for _ in range(2):  # the chip, and the draw after it
        assert arrive(other).selection == Selection()
        assert (state.last, state.picked, address) == ("", (), {})
    assert state.nonce > nonce  # the browser forgets its ticks as well
    address["label"] = "happy"  # a link, or back
    assert arrive(first).selection.any_of == {"label": ("happy",)}


def test_sheets_per_class_lead_to_all_and_stay_within_what_was_circled(
    visit: Visit, sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: dict[str, Any] = {}
    monkeypatch.setattr(
        "fer_core.ui.components.links.draw", lambda html, *, key, on_go: ways.update({key: on_go})
    )
    app = visit(sample, view="Faces", by="class")
    state = app.session_state["exp-state"]
    ways["exp-by-all-happy"]("happy")
    assert (state.by, state.selection.any_of) == ("all", {"label": ("happy",)})
    app = visit(sample, view="Faces", by="class")
    app.session_state["exp-state"].ids = (0, 1, 2)
    ways.clear()
    fine(app.run())
    assert not [key for key in ways if key.startswith("exp-by-all")]


def test_a_view_keeps_what_is_shown_and_ranges_keep_their_ends(visit: Visit, sample: Dataset) -> None:
    chosen = Selection().with_range("brightness", 0.4123451, 0.6)
    keep_view(sample, "name", SavedView(chosen))
    app = visit(sample, view="Faces", brightness="0.412345..0.6")
    next(t for t in app.toggle if t.key == "exp-filter").set_value(True)
    fine(app.run())
    assert [b.key for b in app.button if str(b.key).startswith("exp-forget")] == ["exp-forget-name"]
    part = next(
        e for e in app.get("bidi_component") if "contrast" in str(e.proto) and "edges" in str(e.proto)
    )
    told = json.loads(part.proto.json)["filters"][0]
    values = ImageFacts(sample, sample.head).measure("brightness")
    assert (told["edges"][told["low"]], told["edges"][told["high"]]) == pytest.approx((0.412345, 0.6))
    wanted = int(((values >= 0.412345) & (values <= 0.6)).sum())
    assert sum(told["counts"][told["low"] : told["high"]]) == wanted > 0
    app.session_state["exp-state"].ids = (0, 1, 2)
    next(t for t in app.text_input if t.key == "exp-keep-view").set_value("three")
    fine(app.run())
    assert list(read_views(sample)) == ["name"]
    forget_view(sample, "name")

"""The page of wrong labels: what it records, what it hides, and what its address means."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from review_data import forget_decisions
from streamlit.testing.v1 import AppTest

from fer_core import mislabels
from fer_core.base.tables import row_dicts
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.mislabels import judges
from fer_core.review.decisions import image_decision
from fer_core.review.journal import Journal
from fer_core.review.remaining_errors import MIN_DECISIONS

ROOT = Path(__file__).resolve().parents[2]
Visit = Callable[..., AppTest]


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A ranked sample; its journal is emptied before each test."""
    dataset = make_sample(Workspace(tmp_path_factory.mktemp("home")), count=300)
    found = judges.judge(dataset, dataset.head, judges.Judge.parse("quick"))
    mislabels.save(dataset, dataset.head, "quick", found)
    return dataset


@pytest.fixture
def dataset(ranked: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("FER_HOME", str(ranked.workspace.root))
    forget_decisions(ranked.folder)
    return ranked


@pytest.fixture
def visit(dataset: Dataset) -> Visit:
    def go(**query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
        for name, value in ({"dataset": dataset.name} | query).items():
            app.query_params[name.replace("_", "-") if name.startswith("mis") else name] = value
        app.switch_page("pages/data/mislabels.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return go


def journal(dataset: Dataset) -> Journal:
    return Journal(dataset.journal_path)


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def sent(app: AppTest) -> dict[str, Any]:
    """What the review component is told."""
    found = [one.proto for one in app.get("bidi_component") if one.proto.component_name == "fer_review"]
    assert len(found) == 1
    return dict(json.loads(found[0].json))


def text(app: AppTest) -> str:
    bodies = " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", bodies))


def current(app: AppTest) -> str:
    data = sent(app)
    return str(data["items"][data["begin"]]["id"])


def ranking_of(dataset: Dataset) -> pd.DataFrame:
    ranking = mislabels.load(dataset, dataset.head)
    assert ranking is not None
    return ranking


def decide(dataset: Dataset, who: str, images: list[str], label: str, **shown: object) -> None:
    """Verdicts as the page records them."""
    ranking = ranking_of(dataset)
    rows = row_dicts(ranking[ranking["image_id"].isin(images)].assign(pixel_hash=""))
    for row in rows:
        action = "relabel" if label != row["label"] else "keep"
        journal(dataset).add_many([image_decision(row, action, label=label, who=who, shown=shown)])


def test_the_window_holds_the_worst_first_with_all_that_is_known_of_each(
    visit: Visit, dataset: Dataset
) -> None:
    data = sent(visit(mis_who="Ada"))
    likely = mislabels.likely_wrong(ranking_of(dataset))
    names = mislabels.class_names(likely)
    assert [item["id"] for item in data["items"]] == likely["image_id"].head(len(data["items"])).tolist()
    assert len(data["items"]) == min(30, len(likely))
    assert [one["name"] for one in data["classes"]] == list(names)
    for item, row in zip(data["items"], row_dicts(likely), strict=False):
        assert (item["label"], item["suggested"]) == (row["label"], row["suggested"])
        assert item["p"] == pytest.approx([row[f"p_{name}"] for name in names], abs=6e-4)
        assert [near["name"] for near in item["nearest"]] == [row["label"], row["suggested"]]
        assert row["why"].split("; ")[0] in item["reasons"]
    assert data["meta"]["who"] == "Ada"
    assert data["meta"]["version"] == dataset.head


def test_blind_hides_the_label_in_what_is_sent(visit: Visit, dataset: Dataset) -> None:
    app = visit(mis_who="Ada", mis_blind="true")
    data = sent(app)
    assert data["meta"]["blind"] is True
    assert {name for item in data["items"] for name in item} == {"n", "face", "id", "ticket"}
    assert data["near"] is None
    assert "→" not in text(app).split("Review", 1)[1]  # no pairs beside it either


def test_the_address_chooses_the_queue(visit: Visit, dataset: Dataset) -> None:
    likely = mislabels.likely_wrong(ranking_of(dataset))
    pair = mislabels.pair_queues(likely).iloc[0]
    mine = likely[(likely["label"] == pair["label"]) & (likely["suggested"] == pair["suggested"])]
    app = visit(pair=f"{pair['label']}>{pair['suggested']}")
    assert current(app) == mine["image_id"].iloc[0]
    assert sent(app)["left"] == len(mine)
    val = likely[likely["split"] == "val"]
    app = visit(mis_split="val")
    assert current(app) == val["image_id"].iloc[0]
    last = likely["image_id"].iloc[-1]
    assert current(visit(image=last)) == last
    app = visit(image="nothing", mis_split="nowhere", mis_kind="odd", method="folds")
    assert current(app) == likely["image_id"].iloc[0]
    assert any("no ranking by folds" in warning.value for warning in app.warning)


def test_what_is_decided_elsewhere_leaves_the_queue(visit: Visit, dataset: Dataset) -> None:
    likely = mislabels.likely_wrong(ranking_of(dataset))
    app = visit(mis_who="Ada")
    assert current(app) == likely["image_id"].iloc[0]
    decide(dataset, "Ben", likely["image_id"].iloc[0:3].tolist(), "happy")
    app = visit(mis_who="Ada")
    assert current(app) == likely["image_id"].iloc[3]
    held = {item["id"] for item in sent(app)["items"]}
    other = sent(
        visit(mis_who="Cyd")
    )  # nobody is given what another has before them, while there is something else
    free = set(likely["image_id"].iloc[3:]) - held
    assert {item["id"] for item in other["items"]} == (free or set(likely["image_id"].iloc[3:]))
    assert current(visit(mis_who="Cyd", mis_reviewed="not yet by me")) == likely["image_id"].iloc[0]


def test_the_strip_counts_every_decision_of_the_list_or_not(visit: Visit, dataset: Dataset) -> None:
    ranking = ranking_of(dataset)
    likely = ranking["likely_wrong"].to_numpy(bool)
    for row in row_dicts(pd.concat([ranking[likely].head(1), ranking[~likely].tail(1)])):
        decide(dataset, "Ada", [row["image_id"]], row["suggested"])
    assert "2 faces decided so far, 1 relabelled" in text(visit())


def test_disagreements_are_a_queue_with_a_final_say(visit: Visit, dataset: Dataset) -> None:
    likely = mislabels.likely_wrong(ranking_of(dataset))
    images = likely["image_id"].head(4).tolist()
    decide(dataset, "Ada", images, "happy")
    decide(dataset, "Ben", images[:2], "happy")
    decide(dataset, "Ben", images[2:], "sad")
    app = visit(mis_who="Cyd")
    assert "Ada and Ben: κ" in text(app)
    assert "2 of 4 alike" in text(app)
    press(app, "mis-see-split")
    data = sent(app)
    assert {item["id"] for item in data["items"]} == set(images[2:])
    assert "Ada: happy, Ben: sad" in data["items"][0]["reasons"]
    assert data["meta"]["final"] is True
    decide(dataset, "Cyd", images[2:], "happy", final=True)
    app.run()
    assert sent(app)["left"] == 0


def test_what_stays_is_told_after_enough_decisions(visit: Visit, dataset: Dataset) -> None:
    likely = mislabels.likely_wrong(ranking_of(dataset))
    every = ranking_of(dataset)["image_id"].tolist()
    assert f"After {MIN_DECISIONS} decisions" in text(visit())
    decide(dataset, "Ada", every[: MIN_DECISIONS + 1], "happy")
    found = re.search(r"about (\d+) \((\d+)–(\d+)\) wrong labels stay among the (\d+) likely", text(visit()))
    assert found
    wrong, low, high, images = map(int, found.groups())
    assert low <= wrong <= high <= images
    assert images == (~likely["image_id"].isin(every[: MIN_DECISIONS + 1])).sum()


def test_the_grid_has_fifty_and_more_ahead(visit: Visit, dataset: Dataset) -> None:
    data = sent(visit(mis_view="Grid", mis_kind="every image"))
    ranking = ranking_of(dataset)
    assert data["kind"] == "grid"
    assert data["left"] == len(ranking)
    assert len(data["items"]) > 50
    assert [item["id"] for item in data["items"]] == ranking["image_id"].head(len(data["items"])).tolist()


def test_undo_reaches_back_before_this_visit(visit: Visit, dataset: Dataset) -> None:
    images = ranking_of(dataset)["image_id"].head(3).tolist()
    decide(dataset, "Ada", images, "happy")
    data = sent(visit(mis_who="Ada"))
    keys = journal(dataset).decisions()["batch"].tolist()
    assert [step[0] for step in data["done"]] == keys
    assert [step[2] for step in data["done"]] == [[image] for image in images]
    behind = [item for item in data["items"] if item["n"] < data["begin"]]
    assert all("by Ada" in item["said"] for item in behind)
    assert sent(visit(mis_who="Ben"))["done"] == []


def test_the_decisions_are_listed_and_taken_along(visit: Visit, dataset: Dataset) -> None:
    assert "Nothing decided yet" in text(visit(mis_view="Decisions"))
    decide(dataset, "Ada", [ranking_of(dataset)["image_id"].iloc[0]], "happy", blind=True)
    journal(dataset).undo(who="Ada")
    app = visit(mis_view="Decisions")
    table = app.dataframe[0].value
    assert table["action"].tolist() == ["undo", "relabel"]
    assert table.iloc[1][["who", "to", "how", "undone"]].tolist() == ["Ada", "happy", "blind", True]

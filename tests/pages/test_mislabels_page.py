"""The page of wrong labels: what it records, what it hides, and what its address means."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.data.dataset import Dataset
from fer_core.data.sample import make_sample
from fer_core.evaluation import judges
from fer_core.quality import mislabels
from fer_core.review import labels as review
from fer_core.review.estimate import MIN_DECISIONS
from fer_core.review.journal import Journal
from fer_core.ui import mislabel_trail
from fer_core.ui.faces import each
from fer_core.workspace import Workspace

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
    for file in ranked.folder.glob("journal.sqlite*"):
        file.unlink()
    mislabel_trail.on_screen().clear()
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


def text(app: AppTest) -> str:
    bodies = " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", bodies))


def current(app: AppTest) -> str:
    value = app.query_params["image"]
    return value if isinstance(value, str) else value[0]


def ranking_of(dataset: Dataset) -> pd.DataFrame:
    ranking = mislabels.load(dataset, dataset.head)
    assert ranking is not None
    return ranking


def decide(dataset: Dataset, who: str, images: list[str], label: str, **shown: object) -> None:
    """Verdicts as the page records them."""
    ranking = ranking_of(dataset)
    rows = each(ranking[ranking["image_id"].isin(images)].assign(pixel_hash=""))
    names = mislabels.class_names(ranking)
    for row in rows:
        action = "relabel" if label != row["label"] else "keep"
        journal(dataset).add_many(
            [review.verdict(row, action, classes=names, label=label, who=who, shown=shown)]
        )


def test_a_verdict_is_recorded_with_what_was_shown_and_the_next_face_comes(
    visit: Visit, dataset: Dataset
) -> None:
    app = visit(mis_who="Ada")
    ranking = mislabels.likely_wrong(ranking_of(dataset))
    first, second = ranking["image_id"].head(2)
    assert current(app) == first
    press(app, "mis-accept")
    assert current(app) == second
    (entry,) = journal(dataset).decisions().to_dict("records")
    row = ranking.iloc[0]
    assert (entry["action"], entry["label"], entry["who"], entry["image_id"]) == (
        "relabel",
        row["suggested"],
        "Ada",
        first,
    )
    shown = entry["shown"]
    assert (shown["label"], shown["suggested"], shown["method"]) == (row["label"], row["suggested"], "quick")
    assert shown["version"] == dataset.head
    assert shown["score"] == pytest.approx(row["score"], abs=1e-3)
    press(app, "mis-ambiguous")
    soft = journal(dataset).decisions().iloc[-1]["soft_label"]
    assert soft == pytest.approx(
        {k: p for k, p in review.proposal(each(ranking)[1], mislabels.class_names(ranking)).items() if p}
    )
    press(app, "fer-undo")
    assert current(app) == second  # the undone face is on screen again
    assert len(journal(dataset).decisions()) == 1
    press(app, "mis-back")
    assert current(app) != second


def test_skipping_and_walking_record_nothing(visit: Visit, dataset: Dataset) -> None:
    app = visit(mis_who="Ada")
    first = current(app)
    press(app, "mis-skip")
    second = current(app)
    press(app, "mis-on")
    assert len({first, second, current(app)}) == 3
    press(app, "mis-back")
    assert current(app) == second
    assert journal(dataset).position() == 0


def test_the_given_label_pressed_is_a_keep(visit: Visit, dataset: Dataset) -> None:
    app = visit(mis_who="Ada")
    given = str(ranking_of(dataset).set_index("image_id").loc[current(app), "label"])
    number = mislabels.class_names(ranking_of(dataset)).index(given) + 1
    press(app, f"mis-label-{number}")
    assert journal(dataset).counts()["keep"] == 1


def test_blind_hides_the_label_and_says_so_in_the_journal(visit: Visit, dataset: Dataset) -> None:
    app = visit(mis_who="Ada", mis_blind="true")
    keys = {button.key for button in app.button}
    assert not keys & {"mis-accept", "mis-keep", "mis-ambiguous"}
    said = text(app)
    assert " labelled " not in said
    assert "looks" not in said
    assert "Nearest" not in said
    press(app, "mis-label-1")
    assert journal(dataset).decisions().iloc[0]["shown"]["blind"] is True


def test_the_address_chooses_the_queue(visit: Visit, dataset: Dataset) -> None:
    likely = mislabels.likely_wrong(ranking_of(dataset))
    pair = mislabels.pair_queues(likely).iloc[0]
    mine = likely[(likely["label"] == pair["label"]) & (likely["suggested"] == pair["suggested"])]
    app = visit(pair=f"{pair['label']}>{pair['suggested']}")
    assert current(app) == mine["image_id"].iloc[0]
    assert f"1 of {len(mine)}" in text(app)
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
    decide(dataset, "Ben", likely["image_id"].iloc[1:3].tolist(), "happy")
    press(app, "mis-keep")
    assert current(app) == likely["image_id"].iloc[3]
    assert current(visit(mis_who="Cyd", mis_reviewed="not yet by me")) == likely["image_id"].iloc[0]


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
    assert current(app) in images[2:]
    assert "Ada: happy, Ben: sad" in text(app)
    press(app, "mis-label-1")
    entry = journal(dataset).decisions(active_only=False).iloc[-1]
    assert (entry["who"], entry["shown"]["final"]) == ("Cyd", True)
    press(app, "mis-label-1")
    assert "Nothing left in this queue" in text(app)


def test_what_stays_is_told_after_enough_decisions(visit: Visit, dataset: Dataset) -> None:
    likely = mislabels.likely_wrong(ranking_of(dataset))
    every = ranking_of(dataset)["image_id"].tolist()
    assert f"after {MIN_DECISIONS} decisions" in text(visit())
    decide(dataset, "Ada", every[: MIN_DECISIONS + 1], "happy")
    found = re.search(r"about (\d+) \((\d+)–(\d+)\) wrong labels stay among the (\d+) likely", text(visit()))
    assert found
    wrong, low, high, images = map(int, found.groups())
    assert low <= wrong <= high <= images
    assert images == (~likely["image_id"].isin(every[: MIN_DECISIONS + 1])).sum()


def test_the_grid_goes_through_the_whole_queue(visit: Visit, dataset: Dataset) -> None:
    count = len(ranking_of(dataset))
    app = visit(mis_view="Grid", mis_kind="every image")
    assert f"1 to 50 of {count}" in text(app)
    assert f"51 to 100 of {count}" in text(press(app, "mis-grid-next"))
    assert f"1 to 50 of {count}" in text(press(app, "mis-grid-previous"))
    assert app.button(key="mis-grid-previous").disabled
    press(app, "mis-grid-next")
    app.session_state["mis-kind"] = "wrong"
    app.run()
    assert f"1 to {min(50, len(mislabels.likely_wrong(ranking_of(dataset))))} of" in text(app)


def test_the_decisions_are_listed_and_taken_along(visit: Visit, dataset: Dataset) -> None:
    assert "Nothing decided yet" in text(visit(mis_view="Decisions"))
    decide(dataset, "Ada", [ranking_of(dataset)["image_id"].iloc[0]], "happy", blind=True)
    journal(dataset).undo(who="Ada")
    app = visit(mis_view="Decisions")
    table = app.dataframe[0].value
    assert table["action"].tolist() == ["undo", "relabel"]
    assert table.iloc[1][["who", "to", "how", "undone"]].tolist() == ["Ada", "happy", "blind", True]

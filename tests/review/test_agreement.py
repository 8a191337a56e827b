"""Kappa equals the reference implementations; who said what is read from the journal as it was meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from fer_core.review import verdicts
from fer_core.review.agreement import agreement_report, cohen, fleiss
from fer_core.review.journal import Journal

CLASSES = ["happy", "neutral", "sad", "surprise"]
# Fleiss (1971) as retold everywhere: 10 subjects, 14 raters, 5 categories; kappa .210.
FLEISS_1971 = np.array(
    [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]
)  # fmt: skip


def statsmodels_fleiss(table: np.ndarray) -> float:
    """`statsmodels.stats.inter_rater.fleiss_kappa(table, method="fleiss")`, line by line."""
    table = 1.0 * table
    n_sub = table.shape[0]
    n_total = table.sum()
    n_rat = table.sum(1).max()
    p_cat = table.sum(0) / n_total
    p_rat = ((table * table).sum(1) - n_rat) / (n_rat * (n_rat - 1.0))
    assert n_total == n_sub * n_rat
    p_mean_exp = (p_cat * p_cat).sum()
    return float((p_rat.mean() - p_mean_exp) / (1 - p_mean_exp))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=2, max_size=40))
def test_cohen_equals_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    first, second = zip(*pairs, strict=True)
    ours = cohen(first, second)
    if len({*first, *second}) == 1:
        assert ours is None  # not defined; scikit-learn says nan
    else:
        assert ours == pytest.approx(cohen_kappa_score(first, second))


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 6), st.integers(2, 30), st.integers(0, 10_000))
def test_fleiss_equals_the_formula_of_statsmodels(raters: int, images: int, seed: int) -> None:
    said = np.random.default_rng(seed).integers(0, 4, (images, raters))
    counts = (said[:, :, None] == np.arange(4)).sum(axis=1)
    if (counts.sum(axis=0) > 0).sum() > 1:
        assert fleiss(counts) == pytest.approx(statsmodels_fleiss(counts))


def test_fleiss_of_the_paper() -> None:
    assert fleiss(FLEISS_1971) == pytest.approx(0.210, abs=5e-4)
    assert fleiss(np.array([[3, 0], [3, 0]])) is None
    assert fleiss(np.zeros((0, 2), dtype=int)) is None


def say(journal: Journal, who: str, image: int, said: str, given: str = "sad", **shown: object) -> None:
    action = "keep" if said == given else said if said in ("delete", "ambiguous") else "relabel"
    journal.add(
        action,
        image_id=f"i{image}",
        label=said if action == "relabel" else None,
        soft_label={"sad": 1.0} if action == "ambiguous" else None,
        who=who,
        shown={"label": given, **shown},
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def test_nobody_is_a_report_too(journal: Journal) -> None:
    found = agreement_report(journal.decisions(active_only=False))
    assert (found["reviewers"], found["kappa"], found["method"], found["disagreements"]) == ([], None, "", 0)


def test_two_reviewers_overall_and_per_class(journal: Journal) -> None:
    ada = ["sad", "sad", "happy", "neutral", "delete", "sad"]
    ben = ["sad", "happy", "happy", "neutral", "delete", "ambiguous"]
    for i, (a, b) in enumerate(zip(ada, ben, strict=True)):
        say(journal, "Ada", i, a)
        say(journal, "Ben", i, b)
    say(journal, "Ada", 99, "happy")  # Ben never saw it
    found = agreement_report(journal.decisions(active_only=False))
    assert (found["method"], found["images"], found["disagreements"]) == ("cohen", 6, 2)
    assert found["kappa"] == pytest.approx(cohen_kappa_score(ada, ben))
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"], pair["images"], pair["agreed"]) == ("Ada", "Ben", 6, 4)
    per_class = {row["class"]: row for row in found["classes"]}
    assert list(per_class) == ["happy", "neutral", "sad", "ambiguous", "delete"]
    for name, row in per_class.items():
        assert row["kappa"] == pytest.approx(
            cohen_kappa_score([a == name for a in ada], [b == name for b in ben])
        )
    assert per_class["sad"]["images"] == 3


def test_three_reviewers_are_measured_with_fleiss_on_what_all_saw(journal: Journal) -> None:
    rng = np.random.default_rng(0)
    said = {who: rng.choice(CLASSES, 20) for who in ("Ada", "Ben", "Cyd")}
    for who, labels in said.items():
        for i, label in enumerate(labels[: 15 if who == "Cyd" else 20]):
            say(journal, who, i, str(label))
    found = agreement_report(journal.decisions(active_only=False))
    seen = np.stack([labels[:15] for labels in said.values()], axis=1)
    counts = (seen[:, :, None] == np.array(CLASSES)).sum(axis=1)
    assert (found["method"], found["images"]) == ("fleiss", 15)
    assert found["kappa"] == pytest.approx(statsmodels_fleiss(counts))
    assert [pair["images"] for pair in found["pairs"]] == [20, 15, 15]


def test_the_final_say_closes_a_disagreement_and_counts_for_nobody(journal: Journal) -> None:
    say(journal, "Ada", 1, "happy")
    say(journal, "Ben", 1, "neutral")
    say(journal, "Ada", 2, "happy")
    say(journal, "Ben", 2, "happy")
    table = verdicts.label_verdicts(journal.decisions(active_only=False))
    assert verdicts.disagreements(table).to_dict("records") == [
        {"image_id": "i1", "said": "Ada: happy, Ben: neutral"}
    ]
    say(journal, "Ada", 1, "neutral", final=True)
    entries = journal.decisions(active_only=False)
    assert verdicts.disagreements(verdicts.label_verdicts(entries)).empty
    assert agreement_report(entries)["pairs"][0]["agreed"] == 1  # Ada's own opinion stays what it was
    holds = verdicts.current_verdicts(entries).set_index("image_id")
    assert holds.loc["i1", "label"] == "neutral"
    journal.undo(who="Ada")
    assert len(verdicts.disagreements(verdicts.label_verdicts(journal.decisions(active_only=False)))) == 1


def test_dropped_copies_and_undone_verdicts_are_no_opinions(journal: Journal) -> None:
    journal.add("delete", image_id="i1", pixel_hash="a", other="b", who="Ada")
    say(journal, "Ada", 2, "happy")
    journal.undo(who="Ada")
    assert verdicts.label_verdicts(journal.decisions(active_only=False)).empty


def test_what_holds_is_what_the_journal_says(journal: Journal) -> None:
    for i, who in enumerate(["Ada", "Ben", "Ada", "Ben", "Ada"]):
        say(journal, who, i % 2, CLASSES[i % 4])
    journal.undo(who="Ada")
    ours = verdicts.current_verdicts(journal.decisions(active_only=False))
    assert ours["id"].tolist() == journal.decisions()["id"].tolist()

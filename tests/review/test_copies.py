"""Settling copies: which groups are open, what is proposed, what a rule would do, and that verdicts last."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from review_data import manifest_of

from fer_core.base.errors import DecisionError
from fer_core.data.datasets import Dataset
from fer_core.duplicates.groups import find_copies
from fer_core.duplicates.scan_store import PAIR_COLUMNS
from fer_core.review import apply, copies
from fer_core.review.journal import Journal
from fer_core.review.policies import DEFAULTS, POLICIES, plan_policy
from fer_core.splits.open_copies import groups_after, open_members

ROWS = [
    ("train/happy/1.png", "train", "happy", "a"),
    ("test/happy/2.png", "test", "happy", "a"),  # leak
    ("train/sad/3.png", "train", "sad", "b"),
    ("train/sad/4.png", "train", "sad", "b2"),  # near, within train
    ("train/sad/5.png", "train", "sad", "c"),
    ("train/sad/6.png", "train", "sad", "c2"),  # mirrored
    ("train/sad/7.png", "train", "sad", "d"),
    ("train/sad/8.png", "train", "sad", "d"),  # equal, within train
    ("val/happy/9.png", "val", "happy", "e"),
    ("train/sad/10.png", "train", "sad", "e"),
    ("train/sad/11.png", "train", "sad", "e"),  # conflict, two say sad
    ("val/neutral/12.png", "val", "neutral", "f"),
]
PAIRS = pd.DataFrame(
    [("b", "b2", "near", 2, 0.95, False), ("c", "c2", "mirrored", 4, 0.97, False)], columns=list(PAIR_COLUMNS)
).astype(PAIR_COLUMNS)


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset(ROWS)


def members(manifest: pd.DataFrame, pairs: pd.DataFrame = PAIRS, **more: object) -> pd.DataFrame:
    return copies.group_members(find_copies(manifest, pairs, **more).table, manifest)  # type: ignore[arg-type]


def lengths(found: pd.DataFrame, journal: Journal) -> dict[str, int]:
    return {name: len(numbers) for name, numbers in copies.group_queues(found, journal.decisions()).items()}


def group_of(found: pd.DataFrame, path: str) -> pd.DataFrame:
    return found[found["group"] == found.loc[found["path"] == path, "group"].iloc[0]]


def test_every_group_is_in_one_queue_the_surest_mistakes_first(dataset: Dataset, journal: Journal) -> None:
    found = members(dataset.manifest())
    expected = {"conflicts": 1, "leaks": 1, "mirrored": 1, "near": 1, "within": 1, "settled": 0}
    assert lengths(found, journal) == expected
    assert tuple(expected) == copies.QUEUES


def test_settled_until_it_is_undone(dataset: Dataset, journal: Journal) -> None:
    found = members(dataset.manifest())
    leak = group_of(found, "test/happy/2.png")
    proposal = copies.propose(leak)
    assert leak.set_index("image_id").loc[proposal.keep, "split"] == "test"
    journal.add_many(copies.settle_decisions(leak, proposal, "Ada"))
    assert lengths(found, journal)["settled"] == 1
    journal.undo(who="Ada")
    assert lengths(found, journal)["settled"] == 0


def test_not_a_copy_lasts_whatever_the_threshold_and_in_another_copy_of_the_data(
    dataset: Dataset, journal: Journal
) -> None:
    found = members(dataset.manifest())
    journal.add_many(copies.reject_decisions(group_of(found, "train/sad/3.png")))
    assert lengths(found, journal)["settled"] == 1
    elsewhere = manifest_of(ROWS, source="another disk")
    assert set(elsewhere["image_id"]).isdisjoint(dataset.manifest()["image_id"])
    assert lengths(members(elsewhere), journal)["settled"] == 1
    # A third picture joins at a higher threshold: the rejected two stay apart, the new pair is asked about.
    wider = pd.concat(
        [
            PAIRS,
            pd.DataFrame(
                [("b", "f", "near", 8, 0.92, False), ("b2", "f", "near", 8, 0.99, True)],
                columns=list(PAIR_COLUMNS),
            ),
        ]
    )
    wider = wider.astype(PAIR_COLUMNS)
    whole = members(dataset.manifest(), wider, distance=8)
    assert len(group_of(whole, "train/sad/3.png")) == 3
    apart = copies.partly_rejected_pairs(whole, journal.decisions())
    assert apart == [("b", "b2")]
    again = members(dataset.manifest(), wider, distance=8, rejected=apart)
    assert set(group_of(again, "train/sad/4.png")["pixel_hash"]) == {"b2", "f"}
    assert copies.partly_rejected_pairs(found, journal.decisions()) == []


def test_a_copy_that_comes_later_opens_its_group_again(
    make_dataset: Callable[..., Dataset], dataset: Dataset, journal: Journal
) -> None:
    within = group_of(members(dataset.manifest()), "train/sad/7.png")
    journal.add_many(copies.settle_decisions(within, copies.propose(within)))
    grown = members(manifest_of([*ROWS, ("test/sad/13.png", "test", "sad", "d")]))
    assert lengths(grown, journal)["leaks"] == 2


def proposed(group: pd.DataFrame, policy: str) -> copies.KeepProposal | None:
    """What a policy says of one group."""
    plan = plan_policy(group, {"group": policy}, {"group": [int(group["group"].iloc[0])]}, 6)
    return plan.settled[0][1] if plan.settled else None


@pytest.mark.parametrize(
    ("policy", "path", "kept"),
    [
        ("heldout", "test/happy/2.png", "test/happy/2.png"),
        ("train", "test/happy/2.png", "train/happy/1.png"),
        ("largest", "train/sad/3.png", "train/sad/4.png"),
        ("sharpest", "train/sad/3.png", "train/sad/3.png"),
        ("majority", "val/happy/9.png", "train/sad/10.png"),
        ("heldout", "val/happy/9.png", None),
        ("hand", "train/sad/3.png", None),
    ],
)
def test_what_a_policy_keeps(dataset: Dataset, policy: str, path: str, kept: str | None) -> None:
    manifest = dataset.manifest()
    manifest.loc[manifest["path"] == "train/sad/4.png", "width"] = 96
    manifest.loc[manifest["path"] == "train/sad/3.png", "sharpness"] = 0.9
    group = group_of(members(manifest), path)
    proposal = proposed(group, policy)
    if kept is None:
        assert proposal is None
        return
    assert proposal is not None
    assert group.set_index("image_id").loc[proposal.keep, "path"] == kept
    assert {proposal.keep, *proposal.drop} == set(group["image_id"])
    assert proposal.reason


def test_a_group_whose_hashes_are_far_apart_is_left_for_a_person(dataset: Dataset) -> None:
    group = group_of(members(dataset.manifest()), "test/happy/2.png")
    far = group.assign(distance=[0, *[8] * (len(group) - 1)])
    assert proposed(group, "heldout") is not None
    for policy in POLICIES:
        assert proposed(far, policy) is None


def test_a_tie_is_left_for_a_person(dataset: Dataset) -> None:
    manifest = dataset.manifest()
    tie = group_of(members(manifest[manifest["path"] != "train/sad/11.png"]), "val/happy/9.png")
    assert proposed(tie, "majority") is None


def test_a_plan_says_what_it_would_do_and_one_undo_takes_it_back(dataset: Dataset, journal: Journal) -> None:
    found = members(dataset.manifest())
    queues = copies.group_queues(found, journal.decisions())
    plan = plan_policy(found, dict.fromkeys(("conflicts", "leaks", "within"), "heldout"), queues, 6)
    assert plan.summary() == {
        "groups": 2, "left": 1, "dropped": 2, "splits": {"train": 2}, "classes": {"happy": 1, "sad": 1}
    }  # fmt: skip
    assert journal.position() == 0  # a plan records nothing
    batch = journal.add_many(plan.decisions("Ada"))
    assert lengths(found, journal)["settled"] == 2
    assert apply.preview(dataset)["delete"] == 2
    journal.undo_batch(batch, "Ada")
    assert lengths(found, journal)["settled"] == 0


def test_a_plan_says_which_groups_form_anew_once_it_is_applied(
    make_dataset: Callable[..., Dataset],
) -> None:
    # y is a copy of x and of z, which are none of each other: {x, y} is a group, and z in none until x is dropped.
    dataset = make_dataset(
        [*ROWS, *((f"{split}/sad/{name}.png", split, "sad", name) for split, name in
        (("train", "x"), ("test", "y"), ("train", "z")))]
    )  # fmt: skip
    chain = [("x", "y", "near", 2, 0.99, False), ("y", "z", "near", 2, 0.93, False)]
    pairs = pd.concat([PAIRS, pd.DataFrame(chain, columns=list(PAIR_COLUMNS)).astype(PAIR_COLUMNS)])
    journal = Journal(dataset.journal_path)

    def still() -> tuple[pd.DataFrame, dict[str, list[int]]]:
        found = open_members(dataset.manifest(), pairs, 24, journal.decisions())
        return found, copies.group_queues(found, journal.decisions())

    for settled, left, after in ((5, 1, {"open": 2, "anew": 1}), (1, 1, {"open": 1, "anew": 0})):
        found, queues = still()
        plan = plan_policy(found, DEFAULTS, queues, 6)
        assert (plan.summary()["groups"], plan.summary()["left"]) == (settled, left)
        assert groups_after(plan, dataset.manifest(), pairs, 24, journal.decisions()) == after
        journal.add_many(plan.decisions("Ada"))
        apply.apply_journal(dataset)
        now, queues = still()
        assert sum(len(queues[name]) for name in DEFAULTS) == after["open"]
        assert len(copies.formed_anew(now, found)) == after["anew"]


def test_unknown_policies_and_queues_are_refused(dataset: Dataset, journal: Journal) -> None:
    found = members(dataset.manifest())
    queues = copies.group_queues(found, journal.decisions())
    with pytest.raises(DecisionError, match="heldout, train"):
        plan_policy(found, {"leaks": "whatever"}, queues, 6)
    with pytest.raises(DecisionError, match="conflicts, leaks"):
        plan_policy(found, {"settled": "heldout"}, queues, 6)
    assert all(POLICIES.values())

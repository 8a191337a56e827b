"""Two at work on one dataset: whoever is later is told, and the version of the first stays the newest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fer_core.base.errors import VersionConflict
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.data.save_version import save_version
from fer_core.review.apply import apply_journal
from fer_core.review.from_votes import VoteLabels, apply_votes
from fer_core.review.journal import Journal
from fer_core.splits import propose, separate


def apply(dataset: Dataset) -> None:
    image = str(dataset.rows()["image_id"].iloc[5])
    Journal(dataset.journal_path).add("relabel", image_id=image, label="contempt")
    apply_journal(dataset)


def split(dataset: Dataset) -> None:
    propose.save(dataset, propose.propose(dataset, None, (60, 20, 20), together="exact"))


def folds(dataset: Dataset) -> None:
    propose.save(dataset, propose.propose(dataset, None, folds=3, together="exact"))


def merge(dataset: Dataset) -> None:
    from fer_core.splits.merge.propose import propose

    other = make_sample(dataset.workspace, "other", count=120, seed=9)
    propose(dataset, other, fill="balanced").save(dataset)


def drop_leaks(dataset: Dataset) -> None:
    separate.separate(dataset)


def votes(dataset: Dataset) -> None:
    apply_votes(dataset)


@pytest.mark.parametrize("operation", [apply, split, folds, merge, drop_leaks, votes])
def test_a_version_made_meanwhile_stays_the_newest(
    operation: Callable[[Dataset], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_sample(Workspace(tmp_path), "faces", count=120)
    usual = Dataset.manifest
    made: list[str] = []

    def looked_at(self: Dataset, version: str | None = None):  # type: ignore[no-untyped-def]
        """The operation reads its manifest; right then somebody else drops an image."""
        table = usual(self, version)
        if self.name == "faces" and not made:
            made.append("")
            made[0] = save_version(self, table.iloc[1:], parent=self.head, operation="other").id
        return table

    if operation is votes:
        monkeypatch.setattr(
            "fer_core.review.from_votes.label_by_votes",
            lambda table, *_, **__: VoteLabels(table.iloc[3:], 0, {}),
        )
    monkeypatch.setattr(Dataset, "manifest", looked_at)
    before = len(dataset.versions())
    with pytest.raises(VersionConflict, match=r"Received: version 2 \(other\)"):
        operation(dataset)
    assert dataset.head == made[0]
    assert len(dataset.versions()) == before + 1
    operation(dataset)  # from the new one it works
    assert dataset.version(None).parent == made[0] or operation is folds

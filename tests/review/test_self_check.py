"""Self-checks: about one decision in twenty is asked again, the same ones after a restart, once each."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_core.review import self_check
from fer_core.review.agreement import agreement_report
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal
from fer_core.review.verdicts import label_verdicts


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def verdict(number: int, action: str = "keep", **shown: object) -> Decision:
    label = "happy" if action == "relabel" else ""
    return Decision(action, image_id=f"i{number}", label=label, who="Ada", shown={"label": "sad", **shown})


def review(journal: Journal, decisions: int) -> list[tuple[int, str]]:
    """Decide on so many images, answering every check that comes; (decisions so far, image) of the checks."""
    checks = []
    everything = {f"i{n}" for n in range(decisions)}
    for n in range(decisions):
        journal.add_many([verdict(n)])
        table = label_verdicts(journal.decisions(active_only=False))
        while found := self_check.due_check(table, "Ada", everything):
            checks.append((n + 1, found["image_id"]))
            number = int(found["image_id"][1:])
            journal.add_many([verdict(number, self_check=found["key"])])
            table = label_verdicts(journal.decisions(active_only=False))
    return checks


def test_one_in_twenty_none_too_soon_none_twice(journal: Journal) -> None:
    checks = review(journal, 300)
    assert 5 <= len(checks) <= 25  # 15 expected
    images = [image for _, image in checks]
    assert len(set(images)) == len(images)
    assert all(at - int(image[1:]) > self_check.DISTANCE for at, image in checks)
    (own,) = agreement_report(journal.decisions(active_only=False))["self_checks"]
    assert (own["who"], own["checks"], own["agreed"]) == ("Ada", len(checks), len(checks))


def first_due(journal: Journal) -> dict[str, object]:
    """Decide until a check is due."""
    for n in range(400):
        journal.add_many([verdict(n, "relabel" if n % 2 else "keep")])
        found = self_check.due_check(
            label_verdicts(journal.decisions(active_only=False)), "Ada", {f"i{m}" for m in range(400)}
        )
        if found:
            return found
    raise AssertionError("no check in 400 decisions")


def test_a_check_is_the_same_after_a_restart_and_due_again_after_undo(journal: Journal) -> None:
    found = first_due(journal)
    entries = Journal(journal.path).decisions(active_only=False)
    everything = set(entries["image_id"])
    assert self_check.due_check(label_verdicts(entries), "Ada", everything) == found
    assert self_check.due_check(label_verdicts(entries), "Ben", everything) is None
    assert (
        self_check.due_check(label_verdicts(entries), "Ada", set()) is None
    )  # nothing of this queue to show
    number = int(str(found["image_id"])[1:])
    journal.add_many([verdict(number, "delete", self_check=found["key"])])
    table = label_verdicts(journal.decisions(active_only=False))
    assert self_check.due_check(table, "Ada", everything) is None
    assert table.iloc[-1]["mode"] == "self_check"
    (own,) = agreement_report(journal.decisions(active_only=False))["self_checks"]
    assert (own["checks"], own["agreed"]) == (1, 0)
    journal.undo(who="Ada")
    again = self_check.due_check(label_verdicts(journal.decisions(active_only=False)), "Ada", everything)
    assert again is not None
    assert again["key"] == found["key"]

"""What to do next with a dataset: every rule that proposes something, the most useful first."""

from __future__ import annotations

from collections.abc import Iterator

from fer_core.data.manifest import readable
from fer_core.mislabels.summary import wrong_level
from fer_core.reports.status_parts import JourneyStep, NextAction, StoredState, count

FIRST_RECIPE = "compact"
"""What is trained first: a few minutes, and close to the best."""


def actions(known: StoredState, steps: tuple[JourneyStep, ...]) -> list[NextAction]:
    """What could be done, the most useful first."""
    return [*_of_data(known, steps), *_of_models(known, steps)]


def _of_data(known: StoredState, steps: tuple[JourneyStep, ...]) -> Iterator[NextAction]:
    name = known.dataset.name
    two, across = len(known.queues["conflicts"]), len(known.queues["leaks"])
    copies = ("duplicates", f"fer duplicates {name}")
    if not known.compared:
        why = "Copies across splits make accuracy look better than it is, and this version has not been compared for them."
        yield NextAction("Copies", "Look for copies", why, *copies)
    if two:
        why = "One picture, two labels: the surest wrong labels of the set."
        yield NextAction("Copies", f"Settle {count(two, 'group')} of copies with two labels", why, *copies)
    if across:
        why = "A model that saw the copy in training is judged by memory."
        yield NextAction("Copies", f"Settle {count(across, 'group')} of copies across splits", why, *copies)
    if not known.method:
        why = "The likeliest wrong labels come first; it takes a minute or two."
        yield NextAction("Labels", "Rank the labels", why, "mislabels", f"fer mislabels {name}")
    left = len(known.suspects) - known.reviewed
    if wrong_level(left, len(readable(known.manifest))) == "bad":
        title = f"Review {count(left, 'label')} likely to be wrong"
        why = "So many wrong labels limit what a model can learn, and blur every comparison."
        yield NextAction("Labels", title, why, "mislabels", f"fer review {name} next")
    if known.pending:
        title = f"Apply {count(known.pending, 'decision')}"
        yield NextAction(
            "Labels",
            title,
            "Decisions count once they are in a version.",
            "mislabels",
            f"fer review {name} apply",
        )
    if steps[3].state != "done":
        why = (
            f"{steps[3].caution}: a model is judged by memory."
            if steps[3].caution
            else "No copy crosses the splits: prove it."
        )
        yield NextAction("Split", "Make splits that hold", why, "stratify", f"fer stratify {name}")


def _of_models(known: StoredState, steps: tuple[JourneyStep, ...]) -> Iterator[NextAction]:
    train, compare, use = steps[4:]
    if train.state in {"ahead", "open"}:
        title = f"Train {FIRST_RECIPE} on version {known.version.number}"
        verb = f"fer train --dataset {known.dataset.name} --recipe {FIRST_RECIPE}"
        yield NextAction(
            "Train", title, "A first figure tells what everything after it brings.", "train", verb
        )
    if train.state == "working":
        yield NextAction(
            "Train",
            "Watch the run",
            "It trains or waits its turn; nothing else has to wait for it.",
            "train",
            "fer runs",
        )
    if compare.state == "done" and use.state != "done":
        why = "The one that is best on the same pictures can answer on Try it."
        yield NextAction("Compare", "Choose a model", why, "compare", "fer compare")
    why = "See what the model makes of faces it has never met."
    yield NextAction("Try it", "Try a photo", why, "predict", "fer predict PHOTO")

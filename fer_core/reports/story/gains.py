"""The story's middle: what each step brought, from the first run to the best, with intervals; and what leaks were worth."""

from __future__ import annotations

from fer_core.evaluation import scores
from fer_core.evaluation.controlled_pairs import find_pairs, why_unjudged
from fer_core.evaluation.data_axis.phases import JourneyPhase
from fer_core.evaluation.progress import ProgressStep, journey
from fer_core.evaluation.significance import Gain
from fer_core.evaluation.verdicts.expectation import expectations
from fer_core.reports.document import (
    Chip,
    Code,
    DocumentBlock,
    InlineLine,
    Name,
    Section,
    Table,
    count,
    decimal,
    joined,
    line,
    number,
    points,
    span,
    text,
)
from fer_core.reports.story.known import StoryFacts

_APART = {True: Chip("good", "yes"), False: Chip("none", "no")}


def sections(known: StoryFacts) -> list[Section]:
    """What each step brought."""
    return [Section("What each step brought", tuple(_blocks(known)), "points of accuracy on val")]


def _blocks(known: StoryFacts) -> list[DocumentBlock]:
    if known.judged is None or known.ranking is None:
        return [text("No run has answers that can be judged yet.")]
    version = known.judged
    where = f"v{version.number}"
    blocks: list[DocumentBlock] = [
        text("All runs that have answers for it are judged on the val part of ", Name(where), " (",
             count("judged.images", version.images_per_split.get("val", 0)), " images), each by the images it has not learned "
             "from. "
             "A step is a run that did better than the best before it, seeds of one recipe counted together; gains are of the "
             "images "
             "that neither of the two has learned from, with 95 % intervals."),
    ]  # fmt: skip
    manifest = known.judged_manifest
    found = journey(known.entries, "val", version.id, manifest)
    if any("judged" in run.info for entry in known.entries for run in entry):
        blocks.append(
            text("Model files that were not trained here are neither phase nor step: copies unknown.")
        )
    if not found.steps:
        return [*blocks, text("No run that was trained here has answers for it."), *_elsewhere(known, where)]
    blocks += _phases(found.phases)
    blocks.append(text("Step by step:"))
    header = (
        "run",
        "data",
        "accuracy",
        "images",
        "over the best before",
        "95 %",
        "over the first",
        "95 %",
        "what it did otherwise",
    )
    rows = tuple(_step_row(known, step, first=step is found.steps[0]) for step in found.steps)
    blocks.append(Table(header, rows, (2, 3, 4, 5, 6, 7)))
    blocks += _expected(known)
    blocks += _elsewhere(known, where)
    blocks += _single_changes(known)
    blocks += _leaked(known)
    return blocks


def _phases(phases: list[JourneyPhase]) -> list[DocumentBlock]:
    """What each version of the data brought, with all that was tried on it."""
    rows = []
    for phase in phases:
        key = f"phase.{phase.version}"
        rows.append(
            (line(Name(phase.version)), line(Name(phase.purpose)), line(count(f"{key}.runs", phase.runs)),
             line(Name(phase.best[0])),
             line(decimal(f"{key}.accuracy", phase.accuracy)), line(count(f"{key}.images", phase.images)),
             *_gain(f"{key}.gain", phase.gain), *_gain(f"{key}.total", phase.total))
        )  # fmt: skip
    header = (
        "data",
        "what was done and tried",
        "recipes",
        "best",
        "accuracy",
        "images",
        "over the phases before",
        "95 %",
        "over the first run",
        "95 %",
    )
    return [
        text("In phases, one for each version that was trained on. The best of many tried flatters, and its interval "
             "knows nothing of the others:"),
        Table(header, tuple(rows), (2, 4, 5, 6, 7, 8, 9)),
    ]  # fmt: skip


def _step_row(known: StoryFacts, step: ProgressStep, first: bool) -> tuple[InlineLine, ...]:
    name = step.runs[0]
    key = f"step.{name}"
    run = known.run(name)
    shown: InlineLine = (
        line(Name(name))
        if len(step.runs) == 1
        else line(Name(name), ", mean of seeds: ", count(f"{key}.seeds", len(step.runs)))
    )
    if first:
        said = line("the first run")
    elif step.record:
        said = joined([line(Name(words)) for words in step.changed], "; ") or line("nothing: seeds")
    else:
        said = line("no better than the best before")
    number_ = run.info.get("version_number")
    return (
        shown,
        line(Name(f"v{number_}") if number_ else "not known"),
        line(decimal(f"{key}.accuracy", step.accuracy)),
        line(count(f"{key}.images", step.images)),
        *_gain(f"{key}.step", step.step),
        *_gain(f"{key}.gain", step.gain),
        said,
    )  # fmt: skip


def _gain(key: str, gain: Gain | None) -> tuple[InlineLine, InlineLine]:
    """A gain and its interval; dashes where there is none to tell."""
    if gain is None:
        return line("–"), line("–")
    return line(points(key, gain["difference"])), span(key, gain["interval"], "points")


def _expected(known: StoryFacts) -> list[DocumentBlock]:
    """What was said of runs before they were made, beside what came."""
    rows = []
    for said in expectations(known.rows):
        key = f"expected.{said.run}"
        outcome = said.outcome
        rows.append(
            (line(Name(said.run)), line(Name(said.hypothesis)) if said.hypothesis else line("–"),
             line(decimal(key, said.expected, "–")), line(decimal(f"{key}.came", said.came)),
             line(Chip(outcome.level, outcome.word)) if outcome else line("–"))
        )  # fmt: skip
    if not rows:
        return []
    return [
        text("What was said of a run before it was made, and what came on the val part of its own version:"),
        Table(("run", "hypothesis", "expected", "came", "verdict"), tuple(rows), (2, 3)),
    ]


def _elsewhere(known: StoryFacts, where: str) -> list[DocumentBlock]:
    """Runs without answers there, and what it takes."""
    if not known.apart:
        return []
    rows = tuple(
        (line(Name(row["run"])), line(Name(f"v{row['number']}" if row["number"] else "not known")),
         line(decimal(f"own.{row['run']}.accuracy", row["val_accuracy"])), line(count(f"own.{row['run']}.images",
             row["val_images"])),
         line(Code(scores.to_predict(known.run(row["run"]), where))))
        for row in known.apart
    )  # fmt: skip
    return [
        text("These runs have no answers for it. What they earned on the val part of their own version is of other images, "
             "and no gain over it is told; the command asks them."),
        Table(("run", "data", "accuracy there", "images", "to judge it with the others"), rows, (2, 3)),
    ]  # fmt: skip


def _single_changes(known: StoryFacts) -> list[DocumentBlock]:
    """Runs that differ in one thing alone."""
    if known.judged is None:
        return []
    entries = [[known.run(run.id) for run in entry] for entry in reversed(known.entries)]
    apart = [known.run(row["run"]) for row in known.apart]
    found = find_pairs(entries, "val", known.judged.id, known.judged_manifest, apart)
    why = why_unjudged(found.unjudged)
    unjudged: list[DocumentBlock] = [text(Name(why), ".")] if why else []
    if not found.pairs:
        return unjudged or [
            text("No two runs differ in one thing alone, so no gain can be laid to a single change.")
        ]
    rows = []
    for pair in found.pairs:
        key = f"pair.{pair.first[0]}.{pair.second[0]}"
        rows.append(
            (line(Name(pair.axis)), line(Name(pair.before)), line(Name(pair.after)), line(Name(pair.first[0]), " → ",
                Name(pair.second[0])),
             *_gain(key, pair.gain), line(number(f"{key}.p", pair.gain["p"], ".2g")), line(_APART[pair.gain["told_apart"]]),
             line(count(f"{key}.images", pair.images)))
        )  # fmt: skip
    return [
        text("Runs that differ in one thing alone, p corrected for all of these pairs (Holm):"),
        Table(("what differs", "before", "after", "runs", "gain", "95 %", "p", "significant", "images"), tuple(rows), (4, 5, 6,
            8)),
        *unjudged,
    ]  # fmt: skip


def _leaked(known: StoryFacts) -> list[DocumentBlock]:
    """Of runs whose own version leaks: their accuracy with and without the pictures that have a copy in train."""
    rows = []
    for told in known.leakage:
        cost = told.cost
        if cost["leaked"]:
            key = f"leak.{told.run}"
            rows.append(
                (line(Name(told.run)), line(decimal(f"{key}.accuracy", cost["accuracy"])), line(decimal(f"{key}.without",
                    cost["without"])), line(decimal(f"{key}.memory", cost["memory"])),
                 line(points(f"{key}.difference", cost["difference"])), span(f"{key}.difference", cost["interval"], "points"),
                 line(count(f"{key}.leaked", cost["leaked"])), line(count(f"{key}.images", cost["images"])))
            )  # fmt: skip
    if not rows:
        return []
    return [
        text("How much of a figure was leakage: accuracy on the val part of a run's own version, with and without the pictures "
             "that have a known copy in what it learned from; by memory: on those alone."),
        Table(("run", "with", "without", "by memory", "leakage", "95 %", "leaked images", "of"), tuple(rows),
              (1, 2, 3, 4, 5, 6, 7)),
    ]  # fmt: skip

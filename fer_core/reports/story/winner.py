"""Who wins the story, and why: the first rank, what tells it from the next one, and what the test part said."""

from __future__ import annotations

import numpy as np

from fer_core.base.errors import FerError
from fer_core.evaluation import cost, ledger, scores
from fer_core.evaluation.across.judged_file import judged_words
from fer_core.evaluation.run_pair import RunComparison, compare_runs, differences
from fer_core.reports.document import (
    Chip,
    DocumentBlock,
    InlineLine,
    Name,
    Section,
    Table,
    Text,
    count,
    decimal,
    line,
    number,
    points,
    share,
    span,
    text,
)
from fer_core.reports.story.known import StoryFacts
from fer_core.runs import run_annotations
from fer_core.runs.records import Scores
from fer_core.runs.run import Run


def sections(known: StoryFacts) -> list[Section]:
    """The winner, and the test part."""
    if known.winner is None or known.ranking is None or known.judged is None:
        return [Section("The winner", (text("There is none: no run has answers that can be ranked."),))]
    run = known.run(known.winner[0])
    return [
        Section("The winner, and why", tuple(_why(known, run))),
        Section("The test part", tuple(_test(known, run)), "looked at once, if at all"),
    ]


def _why(known: StoryFacts, run: Run) -> list[DocumentBlock]:
    assert known.winner is not None
    assert known.ranking is not None
    assert known.judged is not None
    place = known.ranking.entries[known.winner]
    others = [
        name for name, entry in known.ranking.entries.items() if entry.rank == 1 and name != known.winner
    ]
    used = run_annotations.promoted(known.dataset.workspace)
    blocks: list[DocumentBlock] = [
        text(Name(run.id), *_seeds(known), " wins: ", decimal("winner.accuracy", place.accuracy), " (95 % ",
             *span("winner.accuracy", (place.low, place.high)), ") on ", count("winner.images", place.images), " val images of ",
             Name(f"v{known.judged.number}"), *_rank(len(others))),
        *_people(known, run),
    ]  # fmt: skip
    if words := judged_words(run):
        blocks.append(text(Chip("warn", "copies unknown"), f" {words}."))
    second = _second(known)
    if second is None:
        blocks.append(text("There is no second run to hold it against."))
    else:
        blocks += _against(known, run, known.run(second))
    if used:
        blocks.append(
            text("On Try it answers ", Name(used), "." if used == run.id else ", which is another one.")
        )
    else:
        blocks.append(text("No run was chosen to answer on Try it."))
    return blocks


def _rank(others: int) -> InlineLine:
    if not others:
        return line(", alone at the first rank.")
    words = (
        " that share the first rank. No difference between runs that share it is significant by McNemar’s test, "
        "corrected for all pairs."
    )
    return line(", the best of ", count("winner.shared", others + 1), words)


def _seeds(known: StoryFacts) -> InlineLine:
    """That a figure is a mean, where several seeds stand behind it."""
    behind = len(known.winner or ())
    return line(", with the mean of its seeds (", count("winner.seeds", behind), "),") if behind > 1 else ()


def _people(known: StoryFacts, run: Run) -> list[Text]:
    """What people and the given labels agree on, beside the accuracy, where votes are stored with the scores."""
    assert known.judged is not None
    try:
        votes = scores.stored_scores(run, "val", known.judged.id).get("votes")
    except FerError:
        votes = None
    if not votes:
        return []
    return [
        text("On the ", count("winner.voted", votes["majority"]), " of these faces that have one class voted most, it answers "
             "as most "
             "people do for ", share("winner.as_people", votes["agreement"]), "; the labels it is judged by do for ",
             share("winner.label_as_people", votes["label_agreement"]), "."),
    ]  # fmt: skip


def _second(known: StoryFacts) -> str | None:
    """The best of the others, ranked ones before those that were judged on a part of their own."""
    assert known.ranking is not None
    others = [
        (entry.rank is not None, entry.accuracy, names[0])
        for names, entry in known.ranking.entries.items()
        if names != known.winner
    ]
    return max(others)[2] if others else None


def _against(known: StoryFacts, run: Run, second: Run) -> list[DocumentBlock]:
    assert known.judged is not None
    try:
        found = compare_runs(second, run, "val", known.judged.id, known.judged_manifest)
    except FerError as error:
        return [text("It cannot be held against ", Name(second.id), ": ", Name(str(error)))]
    verdict = found.verdict
    apart = Chip("good", "significant") if verdict["told_apart"] else Chip("none", "not significant")
    better = [row for row in _recalls(found) if row[1] is not None and row[2] is not None]
    most = max(better, key=lambda row: (row[2] or 0) - (row[1] or 0), default=None)
    least = min(better, key=lambda row: (row[2] or 0) - (row[1] or 0), default=None)
    said: list[DocumentBlock] = [
        text("Over ", Name(second.id), ": ", points("winner.over", verdict["difference"]), " points (95 % ",
             *span("winner.over", verdict["interval"], "points"), "), p ", number("winner.p", verdict["p"], ".2g"), ", ",
             apart, ". It fixes ",
             count("winner.fixed", verdict["fixed"]), " and breaks ", count("winner.broke", verdict["broke"]), " of ",
             count("winner.compared", verdict["images"]), " images."),
    ]  # fmt: skip
    if (
        most
        and least
        and most[1] is not None
        and most[2] is not None
        and least[1] is not None
        and least[2] is not None
    ):
        said.append(
            text("By class it gains most on ", Name(most[0]), " (", points("winner.most",
                most[2] - most[1]), " points of recall) and least on ",
                 Name(least[0]), " (", points("winner.least", least[2] - least[1]), ").")
        )  # fmt: skip
    said.append(text("What it does otherwise: ", Name(differences(second, run)), "."))
    rows = tuple(
        (line(Name(name)), line(share(f"winner.recall.{name}.second", a)), line(share(f"winner.recall.{name}.first", b)),
         line(points(f"winner.recall.{name}", None if a is None or b is None else b - a)))
        for name, a, b in _recalls(found)
    )  # fmt: skip
    said.append(Table(("recall of", "second", "winner", "points"), rows, (1, 2, 3)))
    said.append(_costs(second, run))
    return said


def _recalls(found: RunComparison) -> list[tuple[str, float | None, float | None]]:
    """Class, recall of the second and of the winner, on the images both are judged by; None without images."""
    rows = []
    for i, name in enumerate(found.classes):
        values = [found.confusion(side) for side in ("a", "b")]
        total = int(np.sum(values[0][i]))
        a, b = (float(each[i, i] / total) if total else None for each in values)
        rows.append((name, a, b))
    return rows


def _costs(second: Run, run: Run) -> Table:
    """What both cost; unknown where nobody measured."""
    rows = []
    for key, each in (("second", second), ("first", run)):
        measured, about = cost.stored_cost(each), each.summary()
        ms: InlineLine = line(
            number(f"cost.{key}.ms", measured["ms"].get("1") if measured else None, ",.2f", "not measured")
        )
        rows.append(
            (line(Name(each.id)), line(count(f"cost.{key}.parameters", about["parameters"])), ms,
             line(number(f"cost.{key}.bytes", measured["model_bytes"] if measured else None, ",.0f", "not measured")),
             line(number(f"cost.{key}.minutes", about["seconds"] / 60 if about["seconds"] else None, ",.1f")))
        )  # fmt: skip
    return Table(
        ("cost of", "parameters", "ms a face", "bytes of its model", "minutes of training"),
        tuple(rows),
        (1, 2, 3, 4),
    )


def _test(known: StoryFacts, run: Run) -> list[DocumentBlock]:
    assert known.judged is not None
    found = Scores()
    for version in (known.judged.id, run.version):
        try:
            found = found or scores.stored_scores(run, ledger.HELD, version)
        except FerError:
            continue
    if not found:
        return [
            text(
                "Nobody has looked at the test result of the winner, so it is not told: looking is written to the ledger."
            )
        ]
    row = next(each for each in known.rows if each["run"] == run.id)
    standing = ledger.standing(known.dataset.workspace, row, ledger.reads(known.dataset.workspace))
    return [
        text(decimal("test.accuracy", found["accuracy"]), " (95 % ", *span("test.accuracy", found["accuracy_interval"]), ") on ",
             count("test.images", found["images"]), " test images."),
        text("Looks at these pictures, of any run, before its last choice: ", count("test.looks", standing.peeked), ". ",
             Chip("good", "clean") if standing.clean else Chip("warn", "tuned after seeing test")),
    ]  # fmt: skip

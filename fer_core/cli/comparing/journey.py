"""The verb journey: how the best run of a dataset came about."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fer_core.cli.common import dataset, name_argument
from fer_core.cli.report import Report, reports, table

if TYPE_CHECKING:
    from fer_core.evaluation.leakage.run_leaks import OwnLeakCost
    from fer_core.evaluation.progress import Journey
    from fer_core.evaluation.significance import Gain
    from fer_core.evaluation.verdicts.expectation import Expectation


@click.command("journey")
@name_argument
@click.option(
    "--on",
    metavar="VERSION",
    default=None,
    help="Judge on the val part of this version; without it, of the one most runs have answers for.",
)
@reports
def journey(name: str, on: str | None) -> Report:
    """Tell how the best run of a dataset came about: phases, steps and what each gained, from the first run on.

    A phase is all that learned from one version of the data; a step is a run that beats the best before it. Two are compared
    on the images that neither has learned from, with 95 % intervals; p is corrected for all runs that could have been the
    best. What was said of a run before it was made stands beside what came, and how much of a figure is leakage.
    """
    from fer_core.evaluation import progress, scores
    from fer_core.evaluation.verdicts.expectation import expectations
    from fer_core.reports.story.known import look

    source = dataset(name)
    known = look(source, faces=False, on=None if on is None else source.version(on))
    if known.judged is None:
        return Report({"dataset": name, "version": None}, f"No run on {name} has answers that can be judged.")
    found = progress.journey(known.entries, "val", known.judged.id, known.judged_manifest)
    said = expectations(known.rows)
    unjudged = {row["run"]: scores.to_predict(known.run(row["run"]), known.judged.id) for row in known.apart}
    document = {
        "dataset": name,
        "version": known.judged.id,
        "number": known.judged.number,
        "split": "val",
        "images": known.judged.images_per_split.get("val", 0),
        "phases": [phase.record() for phase in found.phases],
        "steps": [asdict(step) for step in found.steps],
        "expectations": [each.record() for each in said],
        "leakage": {cost.run: cost.record() for cost in known.leakage},
        "unjudged": unjudged,
    }
    lines = [
        f"Judged on val of version {known.judged.number}, {document['images']:,} images",
        *_tables(found),
    ]
    lines += _expected(said)
    lines += _leaks(known.leakage)
    lines += [f"{run}: no answers there; {command}" for run, command in unjudged.items()]
    return Report(document, "\n".join(lines))


def _tables(found: Journey) -> list[str]:
    if not found.steps:
        return ["No run that was trained here has answers there."]
    phases = [
        [each.version, each.purpose, each.runs, each.best[0], f"{each.accuracy:.3f}", each.images, _gain(each.gain),
         _gain(each.total)]
        for each in found.phases
    ]  # fmt: skip
    steps = [
        [each.runs[0], len(each.runs), f"{each.accuracy:.3f}", each.images, _gain(each.step), _gain(each.gain),
         "; ".join(each.changed) or ("the baseline" if each is found.steps[0] else "no new best")]
        for each in found.steps
    ]  # fmt: skip
    header = (
        "phase",
        "purpose",
        "runs",
        "best",
        "accuracy",
        "images",
        "over the phases before",
        "over the first run",
    )
    return [
        table(header, phases),
        "",
        table(
            (
                "run",
                "seeds",
                "accuracy",
                "images",
                "this step",
                "over the first run",
                "what it did otherwise",
            ),
            steps,
        ),
    ]


def _gain(found: Gain | None) -> str:
    if found is None:
        return "–"
    low, high = (100 * end for end in found["interval"])
    word = "significant" if found["told_apart"] else "not significant"
    return f"{100 * found['difference']:+.1f} [{low:+.1f}, {high:+.1f}] {word}"


def _expected(said: list[Expectation]) -> list[str]:
    lines = []
    for each in said:
        outcome = each.outcome
        told = f"{outcome.word}, {outcome.text}" if outcome else ""
        if not told and each.expected is not None:
            told = f"expected {each.expected:.3f}"
        lines.append(f"{each.run}: {'. '.join(filter(None, [each.hypothesis, told]))}")
    return lines


def _leaks(costs: list[OwnLeakCost]) -> list[str]:
    return [f"{cost.run}: {cost.words}" for cost in costs if cost.cost["leaked"]]

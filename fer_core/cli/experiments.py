"""Verbs that explain results: paired, ablate, noise, ensemble, cost."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_core.base.errors import NotFound, RecipeError
from fer_core.cli.common import dataset, settings_option, version_option, workspace
from fer_core.cli.compare import split_option
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

_LOSSES = "categorical_crossentropy,generalized_crossentropy,symmetric_crossentropy,early_learning"

if TYPE_CHECKING:
    from fer_core.evaluation.cost import MeasuredRun
    from fer_core.evaluation.significance import Gain


@click.command("paired")
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@split_option
@reports
def paired(runs: tuple[str, ...], split: str) -> Report:
    """List pairs of runs that differ in one thing alone, with what it gains.

    Colour, depth, loss, optimizer, frozen or fine-tuned, any one setting, or the data: copies settled, labels corrected, images
    merged, new splits. Each pair is judged by the images that neither has learned from. Runs that differ in their seed alone
    count as one, and a pair is told once, on the newest version that suits it. All runs, or those named. p is corrected for all
    pairs that are told (Holm).
    """
    from fer_core.evaluation.controlled_pairs import of_workspace, why_unjudged
    from fer_core.runs import store

    home = workspace()
    found, more, unjudged = of_workspace(home, [store.get(home, each) for each in runs], split, via="cli")
    documents = [{**asdict(pair), "dataset": dataset, "version": version} for dataset, version, pair in found]
    lines = [
        [pair.axis, pair.before, pair.after, pair.first[0], pair.second[0], *_gain(pair.gain), pair.images]
        for _, _, pair in found
    ]
    header = ("what", "from", "to", "first", "second", "points", "95 %", "p", "verdict", "images")
    told = [table(header, lines)] if lines else []
    if more:
        told.append(
            f"{more:,} more pairs are not told: the newest of every kind are. Name runs to see theirs."
        )
    told += [why_unjudged(unjudged)] if unjudged else []
    return Report(documents, "\n".join(told) or "No two runs differ in one thing alone.")


@click.command("ablate")
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@split_option
@click.option("--start", "begin", is_flag=True, help="Queue a run for every change that has none yet.")
@reports
def ablate(first: str, second: str, split: str, begin: bool) -> Report:
    """Attribute the difference of two runs to their settings: one run per single change, each against the first.

    Another version of the dataset is one change: --start queues the recipe of the first on the version of the second, so that
    it is there on both. All are judged on one version, by the images that neither of two has learned from; a run without
    predictions there is asked for them. What single changes do not add up to is told as `together`.
    """
    from fer_core.evaluation import ablation, predict_version, run_pair, scores
    from fer_core.evaluation.leakage import run_leaks
    from fer_core.runs import store

    home = workspace()
    one, two = store.get(home, first), store.get(home, second)
    started = ablation.start(one, two) if begin else []
    singles = [run for _, run in ablation.tried(one, two) if run is not None]
    where = run_pair.shared_version(one, two, split)
    ended = [run for run in (one, two, *singles) if run.state == "finished"]
    failed = predict_version.predict_missing(ended, where)
    scores.look_at_all([one, two, *singles], split, "cli", where)
    scores.look_at_all([run for run in (one, two) if run.version != where], split, "cli")
    found = ablation.attribute(one, two, split, where)
    leaked = [cost for run in (one, two) if (cost := run_leaks.own_cost(run, split)) is not None]
    document = {
        "first": one.id,
        "second": two.id,
        "version": where,
        "started": [run.id for run in started],
        **found.record(),
        "leaks": {cost.run: dict(cost.cost) for cost in leaked},
    }
    lines = []
    for step in found.steps:
        state = step.change.problem or (f"{step.run.id} is {step.run.state}" if step.run else "not tried")
        told = [*_gain(step.verdict), step.verdict["images"]] if step.verdict else ["", "", "", state, ""]
        lines.append([step.change.name, step.change.before, step.change.after, *told])
    lines.append(["all together", one.id, two.id, *_gain(found.total), found.total["images"]])
    text = [table(("change", "from", "to", "points", "95 %", "p", "verdict", "images"), lines)]
    if not found.same_images:
        text.append("These gains are of different images: they do not add up.")
    if found.together is not None:
        text.append(f"Not explained by single changes: {100 * found.together:+.1f} points")
    text += [f"{cost.run}: {cost.words}" for cost in leaked]
    text += [f"{run} has no answers on the version all are judged on: {why}" for run, why in failed.items()]
    text += [f"{run.id} is queued: {run.info.get('member')}" for run in started]
    if not started and any(step.run is None and not step.change.problem for step in found.steps):
        text.append("`--start` queues the runs that are missing")
    return Report(document, "\n".join(text))


@click.command("noise")
@click.argument("name", metavar="DATASET")
@click.option(
    "--recipe", metavar="RECIPE", default=None, help="Queue runs of this recipe; without it, list results."
)
@version_option
@click.option("--losses", metavar="A,B,..", default=_LOSSES, show_default=True, help="Values of loss.name.")
@click.option(
    "--shares",
    metavar="S,S,..",
    default="0,0.2,0.4",
    show_default=True,
    help="Of wrong labels, 0 to below 1.",
)
@click.option(
    "--measured",
    is_flag=True,
    help="Labels go wrong as the newest ranking of `mislabels` found; else any way alike.",
)
@click.option(
    "--seeds", type=click.IntRange(min=1), metavar="N", default=1, show_default=True, help="Runs of each."
)
@settings_option
@reports
def noise(
    name: str,
    recipe: str | None,
    version: str | None,
    losses: str,
    shares: str,
    measured: bool,
    seeds: int,
    settings: tuple[str, ...],
) -> Report:
    """Put wrong labels into the training part on purpose, and see which loss stands them.

    The dataset stays as it is: each run keeps the list of its wrong labels, `noise.csv`. At one share all losses see the same
    ones, and a larger share has those of the smaller ones. Accuracy is told on val, with the dataset's own labels.
    """
    from fer_core.cli.training import settings_of
    from fer_core.evaluation import noise_levels
    from fer_core.mislabels.summary import measured_confusions
    from fer_core.recipes.recipe import load, override
    from fer_core.runs import store
    from fer_core.scheduling import experiments

    found = dataset(name)
    if recipe is None:
        runs = [run for run in store.list_runs(workspace()) if run.dataset == name]
        rows = noise_levels.by_share(runs)
        values = rows.to_numpy(dtype=object).tolist()
        text = table(noise_levels.COLUMNS, values)
        empty = "No noise experiment has ended yet. `--recipe` queues one."
        document = [dict(zip(noise_levels.COLUMNS, row, strict=True)) for row in values]
        return Report(document, text if values else empty)
    chosen = found.version(version)
    base = load(recipe)
    if measured:
        pairs = measured_confusions(found, chosen.id)
        base = override(base, {"noise.confusions": pairs})
    runs = experiments.noise(
        found, chosen, base, losses.split(","), _shares(shares), settings_of(settings), seeds
    )
    lines = [[run.id, run.info.get("member"), run.state] for run in runs]
    queued = [{"run": run.id, "member": run.info.get("member"), "state": run.state} for run in runs]
    return Report(queued, table(("run", "what", "state"), lines))


def _shares(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise RecipeError("--shares takes numbers", received=text, hint="For example 0,0.2,0.4") from None


@click.command("ensemble")
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@split_option
@click.option("--greedy", is_flag=True, help="Let validation pick among the runs.")
@click.option("--save", "name", metavar="NAME", default=None, help="Keep it as a model that `predict` takes.")
@reports
def ensemble(runs: tuple[str, ...], split: str, greedy: bool, name: str | None) -> Report:
    """Average the probabilities of runs of one version, and tell what that gains over the best of them.

    With --greedy, members and weights are those that validation picks (Caruana et al. 2004), and the gain on validation
    is cross-fitted. Only stored probabilities are used; --save copies the members' ONNX files.
    """
    from fer_core.evaluation import ensembles, scores
    from fer_core.runs import store

    home = workspace()
    found = [store.get(home, each) for each in dict.fromkeys(runs)]
    if len(found) < 2:
        raise NotFound("An ensemble needs two runs or more", received=", ".join(runs) or "none")
    version = found[0].version
    scores.look_at_all(found, split, "cli")
    stack = ensembles.stack_predictions(found, split, version)
    known = scores.manifest_of(home, found[0].dataset, version)
    groups = None if known is None else scores.picture_ids(known, stack.ids)
    validation = ensembles.stack_predictions(found, "val", version) if greedy else None
    weights, outcome = ensembles.worth(stack, split, validation, groups)
    place = ensembles.save(home, name, found, weights, version) if name else None
    document = {
        "weights": weights,
        "split": split,
        "version": version,
        **vars(outcome),
        "gain": dict(outcome.gain),
        "saved": None if place is None else str(place),
    }
    points, interval, p, verdict = _gain(outcome.gain)
    text = [
        table(("run", "weight"), [[run, count] for run, count in weights.items()]),
        f"{split} accuracy {outcome.accuracy:.4f} [{outcome.interval[0]:.4f}, {outcome.interval[1]:.4f}], "
        f"best member {outcome.best} {outcome.best_accuracy:.4f}",
        f"gain {points} points {interval}, p {p}; {verdict}",
        f"members disagree on {outcome.disagreement:.1%} of images, and fail together on {outcome.both_wrong:.1%}",
    ]
    return Report(document, "\n".join([*text, *([f"Saved: {name}"] if name else [])]))


@click.command("cost")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@job_option
@reports
def cost(runs: tuple[str, ...], job: Path | None) -> Report:
    """Measure what runs cost: arithmetic and milliseconds per face on this CPU, file sizes, energy of the training.

    The result is kept beside the run and shown on the leaderboard. Energy is an estimate: training time by a usual
    power of the device.
    """
    from fer_core.evaluation import cost
    from fer_core.runs import store

    home = workspace()
    found = [store.get(home, each) for each in runs]
    rows: list[MeasuredRun] = []
    with work(job) as task:
        for number, run in enumerate(found):
            task.progress(number, len(found), "runs measured")
            rows.append({**cost.measure(run), **cost.spent(run)})
        task.result = {"runs": [row["run"] for row in rows]}
    header = ("run", "parameters", "Mflop", "ONNX kB", "ms, 1", "ms, 32", "training s", "Wh")
    lines = [
        [
            row["run"], row["parameters"], None if row["flops"] is None else round(row["flops"] / 1e6, 1),
            row["model_bytes"] // 1000, row["ms"]["1"], row["ms"]["32"], row["seconds"], row["energy_wh"],
        ]
        for row in rows
    ]  # fmt: skip
    return Report(rows, table(header, lines))


def _gain(found: Gain) -> list[str]:
    low, high = (100 * end for end in found["interval"])
    word = "significant" if found["told_apart"] else "not significant"
    return [f"{100 * found['difference']:+.1f}", f"[{low:+.1f}, {high:+.1f}]", f"{found['p']:.2g}", word]


COMMANDS: list[click.Command] = [paired, ablate, noise, ensemble, cost]

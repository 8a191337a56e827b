"""The verbs about model files: what can answer, other formats, speed, published weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from fer_core.base.errors import ModelFileError
from fer_core.cli.common import TargetFile, Verbs, dataset, version_option, workspace
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    from fer_core.inference.model_registry import Model
    from fer_core.models.published import PublishedWeights

FORMATS = ("onnx", "litert")
QUANTIZE = ("none", "float16", "int8")


@click.command("models")
@reports
def models() -> Report:
    """List what can answer: the shipped model, runs and added files; the default first."""
    from fer_core.inference import model_registry

    found = model_registry.models(workspace())
    rows = [
        {
            "name": m.name,
            "kind": m.kind,
            "megabytes": round(m.megabytes, 3),
            "about": m.about,
            "file": str(m.path),
        }
        for m in found
    ]
    words = [(row["name"], row["kind"], row["megabytes"], row["about"]) for row in rows]
    return Report(rows, table(("name", "kind", "MB", "about"), words) if rows else "There is no model yet.")


@click.command("convert")
@click.argument("run", metavar="RUN")
@click.option("--to", "to", type=click.Choice(FORMATS), required=True, help="The format.")
@click.option(
    "--quantize",
    type=click.Choice(QUANTIZE),
    default="none",
    show_default=True,
    help="Smaller numbers; int8 is calibrated on pictures of validation.",
)
@click.option(
    "--out",
    type=TargetFile(),
    metavar="FILE",
    default=None,
    help="The file; converted/ in the run's folder without it.",
)
@job_option
@reports
def convert(run: str, to: str, quantize: str, out: Path | None, job: Path | None) -> Report:
    """Write a run's model in another format, and compare it with Keras on 500 pictures."""
    from fer_core.inference import conversion
    from fer_core.runs import store

    with work(job) as task:
        found = store.get(workspace(), run)
        task.result = report = conversion.convert(found, to, quantize, out, task.progress)
    text = "\n".join(
        (
            f"{report['file']}: {report['bytes'] / 1e6:.2f} MB (Keras {report['keras_bytes'] / 1e6:.2f} MB)",
            f"same answer as Keras on {report['agreement']:.1%} of {report['images']:,} pictures, "
            f"largest difference of a probability {report['largest_difference']:.4f}",
            f"{report['ms']:.2f} ms a face on one thread (Keras {report['keras_ms']:.2f} ms)",
        )
    )
    return Report(report, text)


@click.command("bench-predict")
@click.argument("model", metavar="[NAME|FILE.onnx]", default="", required=False)
@click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="CPU threads of one call."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.01, 60),
    default=1.0,
    show_default=True,
    help="Time spent on each batch size.",
)
@reports
def bench_predict(model: str, threads: int, seconds: float) -> Report:
    """Time a model's answers, warm, for 1, 16 and 256 faces a call; the default model where none is named."""
    from fer_core.inference import model_registry, speed

    found = model_registry.find(workspace(), model)
    rows = speed.measure_speed(found.path, threads=threads, seconds=seconds)
    document = {"model": found.name, "file": str(found.path), "threads": threads, "batches": rows}
    words = [
        (r["batch"], r["calls"], f"{r['p50_ms']:.3f}", f"{r['p95_ms']:.3f}", r["faces_per_second"])
        for r in rows
    ]
    text = f"{found.name}, {threads} thread(s)\n"
    return Report(document, text + table(("faces", "calls", "p50 ms", "p95 ms", "faces/s"), words))


_DESCRIPTION = (
    click.option("--classes", metavar="A,B,...", default="", help="What its outputs are, in their order."),
    click.option("--input-size", type=click.IntRange(8, 1024), default=48, show_default=True, help="Pixels."),
    click.option(
        "--color", type=click.Choice(["gray", "rgb"]), default="gray", show_default=True, help="Input."
    ),
    click.option(
        "--scaling",
        type=click.Choice(["none", "unit", "symmetric", "imagenet"]),
        default="none",
        show_default=True,
        help="Of gray levels 0 to 255, as it wants them.",
    ),
    click.option(
        "--output",
        type=click.Choice(["probabilities", "logits"]),
        default="probabilities",
        show_default=True,
        help="What it answers with.",
    ),
)


def _described(verb: Callable[..., None]) -> Callable[..., None]:
    """The options that say what a model file does not say of itself."""
    for option in reversed(_DESCRIPTION):
        verb = option(verb)
    return verb


def _shelved(file: Path, name: str, classes: str, told: Mapping[str, object]) -> Model:
    """Put a file on the shelf, with what was said of it; a name of the shelf is the model that lies there."""
    from fer_core.inference import foreign, model_registry

    source = click.get_current_context().get_parameter_source
    given = {each: value for each, value in told.items() if source(each) is ParameterSource.COMMANDLINE}
    if given and not classes:
        alone = sorted(f"--{each.replace('_', '-')}" for each in given)
        raise ModelFileError(
            "What a model takes and answers is written down with its classes",
            received=f"{', '.join(alone)} without --classes",
            hint="Add --classes A,B,.. in the order of its outputs",
        )
    lies = file.suffix.lower() not in foreign.ENDINGS and not file.exists()
    names = [part.strip() for part in classes.split(",")]
    place = model_registry.find(workspace(), str(file)).path if lies else file.expanduser()
    onnx = place.suffix.lower() == ".onnx" and place.is_file()
    known = bool(classes) and onnx and model_registry.says_itself(place, {"classes": names, **given})
    model = model_registry.find(workspace(), str(file)) if lies else foreign.add_file(workspace(), file, name)
    if classes and not known:
        model_registry.write_metadata(model.path, {"classes": names, **told})
    return model


@click.command("add-model")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", default="", metavar="NAME", help="Of the model; the file's without it.")
@_described
@reports
def add_model(file: Path, name: str, classes: str, **told: object) -> Report:
    """Put a model from elsewhere on the shelf: ONNX, or Keras (.keras, .h5) or LiteRT (.tflite), which are converted.

    A Keras file is opened by a process of its own, in safe mode; code of its own is refused. It stays beside the ONNX file
    and can be a start: `--set model.start=NAME`. Without --classes, Try it asks what the outputs are.
    """
    model = _shelved(file, name, classes, told)
    row = {"name": model.name, "file": str(model.path)}
    return Report(row, f"{model.name} answers: `fer predict --model {model.name}`")


@click.command("judge")
@click.argument("model", metavar="NAME|FILE")
@click.argument("name", metavar="DATASET")
@version_option
@_described
@job_option
@reports
def judge(
    model: str, name: str, version: str | None, job: Path | None, classes: str, **told: object
) -> Report:
    """Put a model file of somebody else on the leaderboard, as a run without training: ONNX, LiteRT, .keras or .h5.

    The file goes on the shelf, is opened and asked by a process of its own, and answers validation and test of a version. Where
    it does not say what it answers, --classes does. Which of these pictures it has learned from is not known; the board says so.
    """
    from fer_core.evaluation.across.judged_file import judge_file, judged_words

    with work(job) as task:
        found = _shelved(Path(model), "", classes, told)
        run = judge_file(dataset(name), found, version, task.progress)
        evaluation = run.evaluation()["splits"]["val"]
        task.result = {
            "run": run.id,
            "model": found.name,
            "dataset": run.dataset,
            "version": run.version,
            "images": evaluation["images"],
            "accuracy": evaluation["accuracy"],
            "interval": evaluation["accuracy_interval"],
            "classes": list(run.classes),
            "left_out": dict(run.info["judged"]["other"]),
            "words": judged_words(run),
        }
    low, high = evaluation["accuracy_interval"]
    text = f"{run.id}: {evaluation['accuracy']:.4f} [{low:.4f}, {high:.4f}] on {evaluation['images']:,} validation images. "
    return Report(task.result, f"{text}{judged_words(run)}")


@click.group("weights", cls=Verbs, subcommand_metavar="ACTION [ARGS]...", no_args_is_help=True)
def weights() -> None:
    """Published ImageNet weights of the backbones: which are here, get them, bring them as a file."""


@weights.command("list")
@reports
def list_weights() -> Report:
    """List the weights of every backbone, and which are here.

    The others are downloaded by Keras when a run first asks for them.
    """
    from fer_core.models import published

    rows = [_row(each) for each in published.published_weights()]
    shown = [
        (
            row["backbone"],
            row["size"] or "any",
            "here" if row["here"] else "not here",
            row["megabytes"],
            row["name"],
        )
        for row in rows
    ]
    return Report(rows, table(("backbone", "pixels", "", "MB", "file"), shown))


@weights.command("get")
@click.argument("backbone")
@click.option(
    "--size",
    type=int,
    default=0,
    metavar="PIXELS",
    help="Of mobilenetv2, whose files differ by it; else 224.",
)
@reports
def get_weights(backbone: str, size: int) -> Report:
    """Have Keras download the weights of a backbone, and try them."""
    from fer_core.models import published

    return _done(published.fetch(backbone, size))


@weights.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@reports
def add_weights(file: Path) -> Report:
    """Put a file of published weights, under its published name, where Keras looks for it, once a network has taken them."""
    from fer_core.models import published

    return _done(published.add(file))


def _done(found: PublishedWeights) -> Report:
    return Report(_row(found), f"The weights of {found.backbone} are here: {found.path}")


def _row(each: PublishedWeights) -> Mapping[str, object]:
    size = each.megabytes
    return {
        "backbone": each.backbone,
        "size": each.size or None,
        "here": each.here,
        "megabytes": None if size is None else round(size, 1),
        "name": each.name,
        "file": str(each.path),
    }


COMMANDS: list[click.Command] = [models, add_model, judge, convert, bench_predict]
WEIGHTS: list[click.Command] = [weights]

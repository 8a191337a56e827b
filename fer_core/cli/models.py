"""The verbs about model files: what can answer, other formats, speed."""

from __future__ import annotations

from pathlib import Path

import click

from fer_core.cli.common import TargetFile, workspace
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

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


COMMANDS: list[click.Command] = [models, convert, bench_predict]

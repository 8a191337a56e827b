"""Every model of the story: settings, curves and scores on its own version; and the layers of its network where they are "
"known."""

from __future__ import annotations

from fer_core.base.errors import FerError
from fer_core.evaluation.across.judged_file import judged_words
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.models import summary
from fer_core.recipes.recipe import difference
from fer_core.reports.document import (
    Code,
    CodeListing,
    Curves,
    DocumentBlock,
    Fold,
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
from fer_core.runs.run import Run

_HEADER = ("run", "state", "data", "seed", "parameters", "trainable", "epochs", "best epoch", "on train", "on val", "95 "
           "%", "images",
           "macro F1", "gap", "verdict", "minutes")  # fmt: skip


def sections(known: StoryFacts) -> list[Section]:
    """Every model."""
    if not known.rows:
        return [Section("Every model", (text("No model was trained yet."),))]
    rows = tuple(_row(row) for row in known.rows)
    blocks: list[DocumentBlock] = [
        text(
            "Each on the val part of the version it was trained on: figures of different versions are of different images."
        ),
        Table(_HEADER, rows, (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15)),
        *(_model(known, row) for row in known.rows),
    ]
    return [Section("Every model", tuple(blocks), "in the order they were trained")]


def _row(row: LeaderboardRow) -> tuple[InlineLine, ...]:
    key = f"run.{row['run']}"
    low, high = row["val_low"], row["val_high"]
    seconds = row["seconds"]
    return (
        line(Name(row["run"])),
        line(row["state"]),
        line(
            Name(f"v{row['number']}") if row["number"] else "not known",
            ", not trained here" if row["judged"] else "",
        ),
        line(number(f"{key}.seed", row["seed"], ".0f")),
        line(count(f"{key}.parameters", row["parameters"])),
        line(count(f"{key}.trainable", row["trainable_parameters"])),
        line(count(f"{key}.epochs", row["epochs"])),
        line(count(f"{key}.best_epoch", row["best_epoch"])),
        line(decimal(f"{key}.train_accuracy", row["train_accuracy"])),
        line(decimal(f"{key}.val_accuracy", row["val_accuracy"])),
        span(f"{key}.val_accuracy", None if low is None or high is None else (low, high)),
        line(count(f"{key}.val_images", row["val_images"])),
        line(decimal(f"{key}.macro_f1", row["macro_f1"])),
        line(points(f"{key}.gap", None if row["gap"] is None else row["gap"] / 100)),
        line(row["verdict"] or "–"),
        line(number(f"{key}.minutes", seconds / 60 if seconds else None, ",.1f")),
    )


def _model(known: StoryFacts, row: LeaderboardRow) -> Fold:
    run = known.run(row["run"])
    blocks: list[DocumentBlock] = []
    if row["problem"]:
        blocks.append(text(Name(row["problem"])))
    if row["judged"]:
        return Fold(line(Name(run.id)), (*blocks, text(f"{judged_words(run)}.")))
    if changed := _changed(known, run):
        blocks.append(text("Against the first run it changed: ", *changed))
    if curves := _curves(run):
        blocks.append(curves)
    try:
        recipe = (run.folder / "recipe.toml").read_text(encoding="utf-8")
    except OSError:
        blocks.append(text("Its recipe is gone."))
    else:
        blocks.append(Fold(line("The whole recipe"), (CodeListing(recipe),)))
    blocks.append(_layers(run))
    return Fold(line(Name(run.id), f", {row['state']}"), tuple(blocks))


def _layers(run: Run) -> DocumentBlock:
    """The network as it was noted when it was built."""
    found = summary.kept(run.folder)
    if found is None:
        return text("The layers of its network were not recorded.")
    rows = []
    for place, layer in enumerate(found["layers"]):
        key = f"layer.{run.id}.{place}"
        shape = " × ".join("any" if side is None else str(side) for side in layer["output"])
        name = f"{layer['part']} / {layer['name']}" if layer["part"] else layer["name"]
        rows.append(
            (line(Name(name)), line(Name(layer["kind"])), line(Name(shape)),
             line(count(f"{key}.parameters", layer["parameters"])),
             line(count(f"{key}.trained", layer["trained_parameters"])))
        )  # fmt: skip
    header = ("layer", "kind", "output", "parameters", "trained")
    return Fold(line("The network, layer by layer"), (Table(header, tuple(rows), (3, 4)),))


def _changed(known: StoryFacts, run: Run) -> InlineLine:
    """Settings that differ from the first run's recipe, as they would be set."""
    first = known.run(next(row["run"] for row in known.rows if not row["judged"]))
    if run.id == first.id:
        return ()
    try:
        changes = difference(first.recipe, run.recipe)
    except FerError:
        return line("not known, a recipe cannot be read")
    return joined([line(Code(f"{name} = {value}")) for name, value in changes.items()]) or line(
        "nothing of the recipe"
    )


def _curves(run: Run) -> Curves | None:
    rows = run.epochs_since()[0]
    if not rows:
        return None
    train, val = (
        tuple(float(row[name]) for row in rows if name in row) for name in ("accuracy", "val_accuracy")
    )
    lines = (("on train", "train", train), ("on val", "val", val))
    return Curves(
        f"curve.{run.id}", f"Accuracy of {run.id} by epoch, from none at the bottom to all at the top", lines
    )

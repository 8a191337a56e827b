"""The production page of a run: what whoever puts its model to use has to know, watch, and say to the people in front of it."""

from __future__ import annotations

from typing import Any

from fer_core.base.errors import FerError
from fer_core.evaluation import cost, scores
from fer_core.evaluation.across.judged_file import UNKNOWN
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.inference.predictor import RUN_MODEL
from fer_core.recipes.model_spec import TransferSpec
from fer_core.reports import emotion_law, thresholds
from fer_core.reports.document import (
    Chip,
    Code,
    CodeListing,
    Document,
    DocumentBlock,
    Name,
    Section,
    Table,
    count,
    line,
    names,
    number,
    share,
    text,
)
from fer_core.reports.model_card import confusions, easiest_and_hardest, reproduce
from fer_core.reports.templating import command
from fer_core.runs.run import Run

_WATCH = 3  # largest confusions


def page(run: Run, row: LeaderboardRow, licence: str = "") -> Document:
    """What to know before a model is put to use.

    Args:
        run: the run.
        row: of `leaderboard.rows`.
        licence: under which the model may be used; "" where nobody said.
    """
    now = (
        Chip("good", "answers on Try it")
        if row["promoted"]
        else Chip("warn", "not the one that answers on Try it")
    )
    return Document(
        "Production page",
        run.id,
        line(f"{UNKNOWN}. Judged by " if _foreign(run) else "Trained on ", Name(run.dataset), ", version ",
             Name(str(run.info.get("version_number") or "?")), " (", Name(run.version), "). ", now),
        (
            Section("What it tells apart", tuple(_classes(run))),
            Section("From when it answers", tuple(thresholds.blocks(run, "sure")), "threshold per wanted precision"),
            Section("What to watch", tuple(_watch(run)), "its three largest confusions on val"),
            Section("What it costs", tuple(_costs(run))),
            Section("Licence", tuple(_licence(run, licence))),
            Section("What it is for", tuple(_use(run))),
            Section("Before a camera is used", tuple(_notice(run)), "Regulation (EU) 2024/1689"),
            Section("Where it comes from", (text("Judged by: " if _foreign(run) else "Trained by: ", Code(reproduce(run))),)),
        ),
        command("report", run.dataset, "--run", run.id, "--production", "production.html"),
    )  # fmt: skip


def _foreign(run: Run) -> bool:
    return "judged" in run.info


def _classes(run: Run) -> list[DocumentBlock]:
    found = thresholds.held(run)
    if found is None and not run.classes:
        return [text("Which classes it tells apart is not recorded.")]
    own = run.info["judged"]["classes"] if _foreign(run) else run.classes
    said: list[DocumentBlock] = [text(*names(own or (found.classes if found else ())), ".")]
    if found is not None:
        colour = "gray" if found.color == "gray" else "in colour"
        said.append(
            text(
                "It takes a face of ", number("input", found.input_size, ".0f"), f" pixels a side, {colour}."
            )
        )
    return [*said, text("Whatever else a face shows, it answers with one of these, or says “uncertain”.")]


def _watch(run: Run) -> list[DocumentBlock]:
    try:
        found = scores.stored_scores(run, "val")
    except FerError:
        found = {}
    if not found:
        return [text("It was not evaluated, so what it confuses is not known.")]
    top = confusions(found, _WATCH)
    rows = tuple(
        (line(Name(one.label)), line(Name(one.answer)), line(count(f"watch.{one.label}.{one.answer}", one.images)),
         line(share(f"watch.{one.label}.{one.answer}.share", one.share)), line(share(f"watch.{one.label}.{one.answer}.of",
             one.of_errors)))
        for one in top
    )  # fmt: skip
    said: list[DocumentBlock] = [
        text("Of ", count("watch.images", found["images"]), " val images it answers ", share("watch.accuracy",
            found["accuracy"]), " rightly."),
        Table(("shown", "predicted as", "images", "of the shown", "of all errors"), rows, (2, 3,
            4)) if rows else text("It made no mistake there."),
    ]  # fmt: skip
    if ends := easiest_and_hardest(found):
        (easy, high), (hard, low) = ends
        said.append(
            text("It recognises ", Name(easy), " best (", share("watch.easiest", high), ") and ", Name(hard), " worst (",
                 share("watch.hardest", low), ").")
        )  # fmt: skip
    said.append(
        text(
            "Keep some answers with what people say of the same faces, and look at these again when camera, light or people "
            "change."
        )
    )
    return said


def _costs(run: Run) -> list[DocumentBlock]:
    measured = cost.stored_cost(run)
    try:
        size: int | None = (run.folder / RUN_MODEL).stat().st_size
    except OSError:
        size = None
    unknown = "not measured"
    rows: list[tuple[Any, ...]] = [
        (line("bytes of the model"), line(count("cost.bytes", size, "there is none"))),
        (line("parameters"), line(count("cost.parameters", run.info.get("parameters")))),
        (line("ms a face, one at a time"), line(number("cost.ms", measured["ms"].get("1") if measured else None, ",.2f",
                                                       unknown))),
        (line("ms a face, many at once"), line(number("cost.ms_many", measured["ms"].get("32") if measured else None, ",.2f",
                                                      unknown))),
        (line("operations a face"), line(count("cost.flops", measured["flops"] if measured else None, unknown))),
    ]  # fmt: skip
    said: list[DocumentBlock] = [Table(("cost", "here"), tuple(rows), (1,))]
    if _foreign(run):
        said.append(text("Of a file that was not trained here nothing but its answers is kept."))
    elif measured is None:
        said.append(text("To measure: ", Code(command("cost", run.id))))
    else:
        busy = ", while the machine had other work, so they are too long" if cost.was_busy(measured) else ""
        said.append(
            text("Times are medians on ", count("cost.cores", measured["cores"]),
                 f" cores of the machine that measured{busy}; on another they differ.")
        )  # fmt: skip
    return said


def _licence(run: Run, licence: str) -> list[DocumentBlock]:
    said: list[DocumentBlock] = [
        text("This model: ", Name(licence), ".")
        if licence
        else text(
            "Nobody has said under which licence this model may be used. Ask whoever trained it; name it with ",
            Code("--license"),
            ".",
        )
    ]
    of = line() if _foreign(run) else line(": those of the images of ", Name(run.dataset))
    said.append(
        text("What it learned from has terms of its own", *of, ", which this workspace does not know. "
             "Sets of faces are often for research alone.")
    )  # fmt: skip
    try:
        spec = run.recipe.model
    except FerError:
        return said
    if isinstance(spec, TransferSpec) and spec.weights == "imagenet":
        said.append(
            text(
                "Its network began with published weights of ", Name(spec.backbone), ", whose terms hold too."
            )
        )
    if start := run.info.get("start"):
        said.append(
            text("Its network began as ", Name(str(start.get("name", "?"))), ", whose terms hold too.")
        )
    return said


def _use(run: Run) -> list[DocumentBlock]:
    return [
        text("For: sorting and searching pictures, research, games and demonstrations that people join knowingly; as one hint "
             "among others that a person weighs."),
        text("Not for: deciding about a person, telling what somebody feels, thinks or intends, or finding out who somebody is."),
        text(Chip("bad", "forbidden"), " ", emotion_law.FORBIDDEN),
        text(Chip("warn", "high-risk"), " ", emotion_law.HIGH_RISK),
    ]  # fmt: skip


def _notice(run: Run) -> list[DocumentBlock]:
    shown = emotion_law.NOTICE.format(
        classes=", ".join(run.classes) or "[its classes]", kept=emotion_law.KEPT
    )
    return [
        text(Chip("warn", "inform"), " ", emotion_law.INFORM),
        text("To be shown before somebody steps in front of the camera, in a language they read:"),
        CodeListing(shown),
        text("Source: ", Name(emotion_law.SOURCE), ". This is no legal advice."),
    ]

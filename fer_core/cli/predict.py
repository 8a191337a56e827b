"""The verb predict: the emotions of the faces in picture files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.base.errors import FerError, ImageError
from fer_core.cli.common import workspace
from fer_core.cli.report import Report, json_wanted, reports, table
from fer_core.cli.work import work

if TYPE_CHECKING:
    from fer_core.inference import tta
    from fer_core.inference.analyse import AnalysisMode, ReadOptions
    from fer_core.inference.detect.boxes import Detector
    from fer_core.inference.ensemble import Ensemble
    from fer_core.inference.photo_result import PhotoResult
    from fer_core.inference.predictor import Classifier, Predictor

DETECTORS = ("blazeface", "haar", "yunet", "mtcnn")
TTA = ("none", "flip", "many")
SCALINGS = ("none", "unit", "symmetric", "imagenet")


@click.command("predict")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    metavar="NAME|FILE.onnx",
    default="",
    help="`shipped`, a run, an ensemble, or a model file; the promoted run, else the shipped model where none is named.",
)
@click.option("--faces", "mode", flag_value="faces", help="Look for faces, in small pictures too.")
@click.option("--whole", "mode", flag_value="whole", help="Take each picture whole as one face.")
@click.option(
    "--detector",
    type=click.Choice(DETECTORS),
    default=DETECTORS[0],
    show_default=True,
    help="What looks for faces.",
)
@click.option(
    "--smallest", metavar="PIXELS", type=click.IntRange(0), default=0, help="Leave out smaller faces."
)
@click.option(
    "--least-score",
    metavar="S",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Leave out less sure detections.",
)
@click.option("--no-align", is_flag=True, help="Do not turn faces upright by their eyes.")
@click.option("--flip", is_flag=True, help="Average with the answer for the mirrored face: as --tta flip.")
@click.option(
    "--tta",
    "kind",
    type=click.Choice(TTA),
    default="none",
    show_default=True,
    help="Average over more views.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    metavar="P",
    default=None,
    help="Below this probability an answer is uncertain; the model's own where none is given.",
)
@click.option(
    "--classes",
    metavar="A,B,...",
    default="",
    help="Classes of a model file without metadata, in output order.",
)
@click.option("--input-size", metavar="PIXELS", type=int, default=None, help="Side of its input.")
@click.option("--color", type=click.Choice(("gray", "rgb")), default=None, help="What its input is.")
@click.option("--scaling", type=click.Choice(SCALINGS), default=None, help="How it wants gray levels scaled.")
@click.option("--logits", is_flag=True, help="It answers with logits, not probabilities.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per face.")
@click.option(
    "--annotate",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Write copies with the answers drawn on them.",
)
@reports
def predict(
    files: tuple[Path, ...],
    model: str,
    mode: AnalysisMode | None,
    detector: str,
    smallest: int,
    least_score: float,
    no_align: bool,
    flip: bool,
    kind: tta.TtaKind,
    threshold: float | None,
    classes: str,
    input_size: int | None,
    color: str | None,
    scaling: str | None,
    logits: bool,
    as_csv: bool,
    annotate: Path | None,
) -> Report:
    """Say which emotion the faces in pictures show.

    A folder stands for all pictures below it. Without --faces or --whole, size and detector decide. A file that
    cannot be read is named, the others are answered, and the status is 2.
    """
    if as_csv and json_wanted():
        raise click.UsageError("--csv and --json exclude each other.", click.get_current_context())
    from fer_core.inference.analyse import ReadOptions
    from fer_core.inference.detect import detectors
    from fer_core.inference.picture_files import picture_files

    pictures = picture_files(files)
    predictor = _load(model, metadata_given(classes, input_size, color, scaling, logits))
    looker = detectors.open_detector(detector, workspace())
    reading = ReadOptions(
        mode=mode or "auto",
        tta="flip" if flip and kind == "none" else kind,
        threshold=threshold,
        smallest=smallest,
        least_score=least_score,
        align=not no_align,
    )
    documents, rows = _analyse_all(predictor, pictures, reading, looker, annotate)
    text = _as_csv(rows, predictor.classes) if as_csv else _as_text(documents)
    return Report(documents, text, _unreadable(documents))


def _analyse_all(
    predictor: Classifier,
    pictures: list[Path],
    reading: ReadOptions,
    detector: Detector,
    annotate: Path | None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One document per picture, and one row per face; `error` says why a picture could not be read."""
    from fer_core.inference.analyse import analyse
    from fer_core.inference.picture_files import read_picture

    names = _Names(annotate, pictures) if annotate else None
    documents: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    with work() as task:
        for number, file in enumerate(pictures):
            task.progress(number, len(pictures), "pictures")
            try:
                result = analyse(predictor, read_picture(file), str(file), reading, detector)
            except ImageError as bad:
                documents.append({"file": str(file), "faces": [], "error": bad.message})
                rows.append({"file": str(file), "error": bad.message})
                continue
            documents.append({**result.to_json(), "error": ""})
            rows += result.rows()
            if names:
                documents[-1]["annotated"] = str(_draw(result, names.of(file)))
    return documents, rows


def _unreadable(documents: list[dict[str, Any]]) -> ImageError | None:
    """The error a call ends with where some pictures could not be read."""
    broken = [document for document in documents if document["error"]]
    if not broken:
        return None
    more = f"; and {len(broken) - 1:,} more of {len(documents):,} files" if len(broken) > 1 else ""
    return ImageError(f"Could not be read: {broken[0]['file']}: {broken[0]['error']}{more}")


def metadata_given(
    classes: str, input_size: int | None, color: str | None, scaling: str | None, logits: bool
) -> dict[str, Any]:
    """What the options say of a model file; {} where they say nothing.

    Raises:
        click.UsageError: some of what is needed, but not all.
    """
    names = [name.strip() for name in classes.split(",") if name.strip()]
    if not names and input_size is None and color is None:
        if scaling or logits:
            raise click.UsageError("--scaling and --logits go with --classes, --input-size and --color.")
        return {}
    if not (names and input_size and color):
        raise click.UsageError("--classes, --input-size and --color go together.")
    given: dict[str, Any] = {"classes": names, "input_size": input_size, "color": color}
    given |= {"output": "logits" if logits else "probabilities", "scaling": scaling or "none"}
    return given


def _load(model: str, metadata: dict[str, Any]) -> Predictor | Ensemble:
    from fer_core.inference import model_registry

    return model_registry.open_model(model_registry.find(workspace(), model).path, metadata)


class _Names:
    """Names for annotated copies: never one of the pictures read, never the same twice."""

    def __init__(self, folder: Path, pictures: Sequence[Path]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FerError(f"The folder cannot be made ({error.strerror})", received=folder) from error
        self._folder = folder
        self._taken = {picture.resolve() for picture in pictures}

    def of(self, picture: Path) -> Path:
        number = 1
        while (path := self._folder / f"{picture.stem}{_suffix(number)}.png").resolve() in self._taken:
            number += 1
        self._taken.add(path.resolve())
        return path


def _suffix(number: int) -> str:
    return ".annotated" if number == 1 else f"-{number}.annotated"


def _draw(result: PhotoResult, path: Path) -> Path:
    from fer_core.base.atomic import write_atomic
    from fer_core.inference.annotate import annotate

    file = io.BytesIO()
    annotate(result.picture, result).save(file, "PNG")
    write_atomic(path, file.getvalue())
    return path


def _as_csv(rows: Sequence[dict[str, Any]], classes: Sequence[str]) -> str:
    columns = ["file", "face", "x", "y", "width", "height", "label", "uncertain", "second"]
    columns += [*(f"p_{name}" for name in classes), "ms", "warnings", "error"]
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().rstrip("\n")


def _as_text(documents: Sequence[dict[str, Any]]) -> str:
    rows: list[tuple[object, ...]] = []
    for document in documents:
        for number, face in enumerate(document["faces"], start=1):
            answer = " or ".join(face["likeliest"]) + "?" if face["uncertain"] else face["label"]
            x, y, width, height = face["box"]
            place = "whole picture" if document["whole_picture"] else f"{width}x{height} at {x},{y}"
            rows.append((document["file"], number, answer, face["probabilities"][face["label"]], place))
        if not document["faces"]:
            rows.append((document["file"], None, "-", None, "unreadable" if document["error"] else "no face"))
    notes = [
        f"{d['file']}: {d['error'] or ' '.join(d['warnings'])}"
        for d in documents
        if d["error"] or d["warnings"]
    ]
    return "\n".join([table(("file", "face", "answer", "probability", "where"), rows), *notes])


COMMANDS: list[click.Command] = [predict]

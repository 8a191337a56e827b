"""The models that can answer: the one that ships with the app, runs, ensembles, and ONNX files somebody added.

model = model_registry.find(workspace)              # the default: the promoted run, else the shipped model
predictor = model_registry.open_model(model.path)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fer_core.base.atomic import new_file, write_json
from fer_core.base.errors import AlreadyExists, ModelFileError, NotFound
from fer_core.base.parsing import expand_home
from fer_core.base.workspace import Workspace, check_name, current
from fer_core.inference import ensemble
from fer_core.inference.ensemble import Ensemble
from fer_core.inference.isolated import SHELF, IsolatedSession
from fer_core.inference.metadata import (
    ModelMetadata,
    canonical_classes,
    parse,
    read_sidecar,
    sidecar,
    sidecar_text,
)
from fer_core.inference.onnx_file import Graph
from fer_core.inference.predictor import RUN_MODEL, Predictor
from fer_core.runs import run_annotations, store

ModelKind = Literal["shipped", "run", "ensemble", "file"]
SHIPPED = "shipped"
"""Name of the model that comes with the app."""
CARD = "card.md"
_HERE = Path(__file__).resolve().parents[2] / "models" / SHIPPED


@dataclass(frozen=True)
class Model:
    """Something that can answer.

    Attributes:
        name: what `--model` takes.
        kind: where it comes from.
        path: the ONNX file, or the folder of an ensemble.
        about: a few words beside the name, "" where nothing is known.
    """

    name: str
    kind: ModelKind
    path: Path
    about: str = ""

    @property
    def megabytes(self) -> float:
        """Size of the file, or of all members, 10^6 bytes."""
        files = self.path.glob("*.onnx") if self.kind == "ensemble" else [self.path]
        return sum(file.stat().st_size for file in files) / 1e6

    @property
    def card(self) -> str:
        """Its model card, Markdown; "" where there is none."""
        try:
            folder = self.path if self.kind == "ensemble" else self.path.parent
            return (folder / CARD).read_text(encoding="utf-8") if self.kind != "file" else ""
        except OSError:
            return ""


def models(workspace: Workspace) -> list[Model]:
    """Everything that can answer, the default first: the promoted run, else the shipped model, else the newest run."""
    chosen = run_annotations.promoted(workspace)
    runs = []
    for run in store.list_runs(workspace):
        if (run.folder / RUN_MODEL).is_file():
            accuracy = run.summary()["val_accuracy"]
            about = "" if accuracy is None else f"val accuracy {accuracy:.3f}"
            runs.append(Model(run.id, "run", run.folder / RUN_MODEL, about))
    files = sorted(added_folder(workspace).glob("*.onnx"))
    together = [
        Model(str(e["name"]), "ensemble", Path(e["folder"]), f"ensemble of {len(e.get('members', ()))}")
        for e in ensemble.saved_ensembles(workspace)
    ]
    own = shipped(workspace)
    found = [*([own] if own else []), *runs, *together, *(Model(path.stem, "file", path) for path in files)]
    return sorted(found, key=lambda model: not (model.kind == "run" and model.name == chosen))


def shipped(workspace: Workspace) -> Model | None:
    """The model in the workspace's `models/shipped`, else the one beside the program; None in a checkout without."""
    for folder in (workspace.models / SHIPPED, _HERE):
        if (folder / RUN_MODEL).is_file():
            return Model(SHIPPED, "shipped", folder / RUN_MODEL, "comes with the app")
    return None


def find(workspace: Workspace, name: str = "") -> Model:
    """A model by name: `shipped`, a run, an ensemble, an added file, or the path of an ONNX file; "" is the default.

    Raises:
        ModelFileError: there is none.
    """
    if name and ((path := expand_home(Path(name))).is_file() or path.suffix == ".onnx"):
        return Model(path.stem, "file", path)
    here = models(workspace)
    if not name:
        if not here:
            raise ModelFileError(
                "There is no model yet", hint="Train a run, or name an ONNX file with --model"
            )
        return here[0]
    for model in here:
        if model.name == name:
            return model
    try:
        run = store.get(workspace, name)
    except NotFound as error:
        raise ModelFileError(
            "There is neither a run nor a file of that name", received=name, hint=error.hint
        ) from error
    return Model(run.id, "run", run.folder / RUN_MODEL)


def open_model(
    path: Path, metadata: Mapping[str, Any] | None = None, threads: int | None = None
) -> Predictor | Ensemble:
    """Load a model and run it once.

    Args:
        path: an ONNX file, a run's folder, or the folder of an ensemble.
        metadata: what a file does not say of itself.
        threads: CPU threads for one call; None for all.

    Raises:
        ModelFileError: see `Predictor.load` and `Ensemble.load`.
    """
    if (path / ensemble.FILE).is_file():
        return Ensemble.load(path, threads=threads)
    lacking = path.name == RUN_MODEL and not path.exists()  # a run without a model: its folder says it better
    model = path.parent if lacking else path
    return Predictor.load(model, metadata=metadata or None, threads=threads, isolated=not _ours(path))


def _ours(path: Path) -> bool:
    """Whether a file lies among the workspace's runs, or is the model that ships. All others are from elsewhere."""
    here, place = current(), path.resolve()
    ours = (here.runs, here.models / SHIPPED, _HERE)
    return any(place.is_relative_to(folder.resolve()) for folder in ours)


def added_folder(workspace: Workspace) -> Path:
    """Where ONNX files lie that somebody added."""
    return workspace.models / SHELF


def add_model(workspace: Workspace, name: str, content: bytes) -> Model:
    """Put an ONNX file on the shelf, whole or not at all.

    Args:
        workspace: where.
        name: of the file; its ending and odd characters are dropped.
        content: the file.

    Raises:
        BadName: nothing of the name is left.
        AlreadyExists: see `refuse_taken`.
        ModelFileError: it is no ONNX picture classifier.
    """
    stem = check_name(re.sub(r"[^\w.\- ]+", "-", Path(name).stem), "model")
    refuse_taken(workspace, stem)
    path = added_folder(workspace) / f"{stem}.onnx"
    with new_file(path) as temporary:  # without a sum: its owner may export it anew in its place
        temporary.write_bytes(content)
        IsolatedSession(temporary)
    return Model(stem, "file", path)


def refuse_taken(workspace: Workspace, name: str) -> None:
    """Raise AlreadyExists where a model has this name, or files of one are left: the new one would begin with them."""
    folder = added_folder(workspace)
    left = folder.is_dir() and any(path.stem == name for path in folder.iterdir())
    if left or any(model.name == name for model in models(workspace)):
        raise AlreadyExists(
            "A model of this name is there already",
            received=name,
            hint="Give it another name with --name, or rename the file",
        )


def missing_metadata(path: Path) -> Graph | None:
    """What the graph says of a file that does not say the rest; None where it has metadata.

    Raises:
        ModelFileError: no ONNX model, or metadata that cannot be used.
    """
    session = IsolatedSession(path)
    if session.embedded is not None:
        parse(session.embedded, path.name)
        return None
    return session.graph if read_sidecar(path) is None else None


def says_itself(path: Path, told: Mapping[str, Any]) -> bool:
    """Whether a file says of itself what it takes and answers: what else is told of it is not asked then.

    Args:
        path: the file.
        told: fields of `ModelMetadata`.

    Raises:
        ModelFileError: no ONNX model, metadata that cannot be used, or what is told is something else.
    """
    embedded = IsolatedSession(path).embedded
    if embedded is None:
        return False
    own = parse(embedded, path.name).model_dump()
    own["classes"] = canonical_classes(own["classes"])
    said = {**told, "classes": canonical_classes(told["classes"])} if "classes" in told else told
    other = [name for name, value in said.items() if own[name] != value]
    if other:
        raise ModelFileError(
            f"{path.name} says itself what it takes and answers, and not what is told here",
            received="; ".join(f"{name} {_word(said[name])}, the file: {_word(own[name])}" for name in other),
            hint="Leave it out, or write other metadata into the file",
        )
    return True


def _word(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def write_metadata(path: Path, fields: Mapping[str, Any]) -> ModelMetadata:
    """Write down what a model file does not say of itself, after trying it out; classes by their canonical names.

    Raises:
        ModelFileError: the fields do not fit the graph, or two outputs are one class; nothing is written.
    """
    found = parse(fields, "the answers")
    found = found.model_copy(update={"classes": canonical_classes(found.classes)})
    Predictor.load(path, metadata=found, isolated=True)
    write_json(sidecar(path), sidecar_text(path, found))
    return found

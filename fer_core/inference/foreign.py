"""Keras files from elsewhere, as something to predict with: opened by a process of its own, in safe mode, and kept as ONNX.

model = import_keras(workspace, Path("theirs.keras"))       # models/files/theirs.onnx, theirs.keras beside it
check_start(Path("theirs.h5"), recipe_text)                 # raises where its body does not fit a recipe's network

No code of the file's own is run: layers that are Python code (Lambda, custom classes) are refused, and so is a TensorFlow
SavedModel, which is a program.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TypedDict

from fer_core.base.atomic import make_folder, new_file
from fer_core.base.errors import JobError, ModelFileError
from fer_core.base.parsing import expand_home
from fer_core.base.workspace import Workspace, check_name
from fer_core.inference.model_registry import Model, add_model, added_folder, refuse_taken
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import WorkerFailed, call

KERAS_ENDINGS = (".keras", ".h5", ".hdf5")
LITERT_ENDING = ".tflite"
ENDINGS = (".onnx", *KERAS_ENDINGS, LITERT_ENDING)
"""Of the model files that can be put on the shelf."""
_LIMIT = 300.0  # seconds
_WORKER = "fer_core.workers.import_model"
_PROGRAM = "A TensorFlow SavedModel is a program, and no program from elsewhere is run here"


class ImportRequest(TypedDict):
    """What `workers.import_model` is asked: to write `target` (ONNX), or whether `recipe` (TOML) fits; "" is not asked."""

    source: str
    target: str
    recipe: str


def add_file(workspace: Workspace, file: Path, name: str = "", progress: ProgressFn | None = None) -> Model:
    """Put a model file on the shelf, whatever its kind: ONNX as it is, Keras and LiteRT as ONNX files that answer alike.

    The very file that lies there already is not added again.

    Raises:
        BadName, AlreadyExists, ModelFileError, JobError: as `import_keras`.
    """
    path = expand_home(file)
    if path.is_file():
        stem = _stem(path, name)
        lying = added_folder(workspace) / f"{stem}{path.suffix.lower()}"
        onnx = lying.with_suffix(".onnx")
        if lying.is_file() and onnx.is_file() and lying.read_bytes() == path.read_bytes():
            return Model(stem, "file", onnx)
    if path.suffix.lower() == ".onnx":
        if not path.is_file():
            raise ModelFileError("Model file not found", received=path)
        return add_model(workspace, f"{name}.onnx" if name else path.name, path.read_bytes())
    return import_keras(workspace, path, name, progress)


def _stem(source: Path, name: str) -> str:
    return check_name(re.sub(r"[^\w.\- ]+", "-", name or source.stem), "model")


def import_keras(
    workspace: Workspace, file: Path, name: str = "", progress: ProgressFn | None = None
) -> Model:
    """Put a Keras or LiteRT file on the shelf, as an ONNX file that answers as it does, and itself beside that.

    Args:
        workspace: where.
        file: `.keras` or `.h5`, a whole network, which can be a start too; or `.tflite`.
        name: of the model; the file's without it.
        progress: told what goes on.

    Raises:
        BadName: nothing of the name is left.
        AlreadyExists: see `refuse_taken`.
        ModelFileError: another kind of file, code of its own, no picture classifier, or it cannot be converted.
        JobError: the process died.
    """
    litert = file.suffix.lower() == LITERT_ENDING and expand_home(file).is_file()
    source = expand_home(file).resolve() if litert else keras_file(file)
    stem = _stem(source, name)
    refuse_taken(workspace, stem)
    target = added_folder(workspace) / f"{stem}.onnx"
    make_folder(target.parent)
    _ask({"source": str(source), "target": str(target), "recipe": ""}, progress)
    with new_file(target.with_suffix(source.suffix.lower())) as copy:
        shutil.copyfile(source, copy)
    return Model(stem, "file", target)


def kept_keras(workspace: Workspace, name: str) -> Path | None:
    """The Keras file of an imported model, or of a path; None where there is none."""
    path = expand_home(Path(name))
    if path.suffix.lower() in KERAS_ENDINGS and path.is_file():
        return path.resolve()
    kept = [added_folder(workspace) / f"{name}{ending}" for ending in KERAS_ENDINGS]
    return next((each for each in kept if each.is_file()), None)


def kept_names(workspace: Workspace) -> list[str]:
    """Names of the imported models whose Keras files are kept, in order."""
    folder = added_folder(workspace)
    return sorted({file.stem for ending in KERAS_ENDINGS for file in folder.glob(f"*{ending}")})


def check_start(file: Path, recipe: str) -> None:
    """Raise ModelFileError where the body of a Keras file is not that of a recipe's (TOML) network."""
    _ask({"source": str(keras_file(file)), "target": "", "recipe": recipe})


def is_program(file: Path) -> bool:
    """Whether a path is that of a TensorFlow SavedModel, or of the file in one."""
    path = expand_home(file)
    return (path / "saved_model.pb").is_file() or path.name == "saved_model.pb"


def keras_file(file: Path) -> Path:
    """The resolved path of a Keras file.

    Raises:
        ModelFileError: it is not there, or is another kind of file.
    """
    path = expand_home(file)
    if is_program(path):
        hint = (
            "Where it was made, save it by `model.save('x.keras')`, or convert it by "
            "`python -m tf2onnx.convert --saved-model FOLDER --output x.onnx`"
        )
        raise ModelFileError(_PROGRAM, received=path, hint=hint)
    if not path.is_file() or path.suffix.lower() not in KERAS_ENDINGS:
        raise ModelFileError("This is no Keras file", received=path, hint="It ends in .keras, .h5 or .tflite")
    return path.resolve()


def _ask(request: ImportRequest, progress: ProgressFn | None = None) -> None:
    try:
        call(_WORKER, dict(request), progress=progress, limit_s=_LIMIT)
    except TimeoutError as error:
        raise JobError("Opening the file took too long", received=request["source"]) from error
    except WorkerFailed as error:
        if error.died:
            raise JobError("The process that opened the file died", received=error.reason[:200]) from error
        raise ModelFileError(error.reason) from error

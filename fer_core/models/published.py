"""The shelf of published ImageNet weights: which are here, fetched by Keras, or brought as a file. No Keras here.

for each in published_weights(): print(each.backbone, each.megabytes)
fetch("vgg16"); add(Path("vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"))
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, get_args

from fer_core.base.atomic import new_file
from fer_core.base.errors import NotFound, RunError
from fer_core.base.parsing import expand_home
from fer_core.jobs.worker import WorkerFailed, call
from fer_core.models import pretrained
from fer_core.recipes.model_spec import ModelSpec, TransferSpec

_WORKER = "fer_core.workers.published"
_SMALL = 96  # pixels: a network that is only tried, of weights that fit any size


class WeightsRequest(TypedDict):
    """What `workers.published` is asked for; without a file Keras downloads it."""

    backbone: str
    size: int
    file: str


@dataclass(frozen=True)
class PublishedWeights:
    """Weights of a backbone.

    Attributes:
        size: pixels they were trained on, where that makes a file of its own; 0 elsewhere.
        name: of the file.
        path: where it is, or belongs.
    """

    backbone: str
    size: int
    name: str
    path: Path

    @property
    def here(self) -> bool:
        return self.path.is_file()

    @property
    def megabytes(self) -> float | None:
        """Size of the file, 10^6 bytes; None where it is not here."""
        return self.path.stat().st_size / 1e6 if self.here else None


def published_weights() -> list[PublishedWeights]:
    """Weights of every backbone, here or not."""
    return list(_shelf())


def weights_availability(spec: ModelSpec) -> str:
    """Whether the published weights of a recipe's backbone are here; "" of one that begins with none."""
    if not isinstance(spec, TransferSpec) or spec.weights == "none" or spec.start or spec.weights_file:
        return ""
    path = pretrained.cache_folder() / pretrained.file_name(spec)
    if path.is_file():
        return f"The published weights of {spec.backbone} are here"
    return f"The published weights of {spec.backbone} are not here: fer weights get {spec.backbone} downloads them"


def fetch(backbone: str, size: int = 0) -> PublishedWeights:
    """Have Keras download weights into its cache; nothing is done where they are here.

    Args:
        backbone: its name.
        size: of mobilenetv2, whose files differ by it; 0 is 224.

    Raises:
        NotFound: no such backbone or size.
        RunError: no network, or the download failed.
    """
    wanted = _find(backbone, size)
    if not wanted.here:
        if not pretrained.can_download():
            raise RunError(
                f"The published weights of {backbone} cannot be downloaded: there is no network",
                received=wanted.name,
                hint="Bring the file: fer weights add FILE",
            )
        _try(wanted)
    return wanted


def add(file: Path) -> PublishedWeights:
    """Put a file of published weights where Keras looks for it, once a network has taken them.

    Raises:
        NotFound: the file is not there, or has the name of no weights.
        RunError: it does not hold the weights its name promises; nothing is kept.
    """
    source = expand_home(file)
    wanted = next((each for each in _shelf() if each.name == source.name), None)
    if wanted is None or not source.is_file():
        names = ", ".join(each.name for each in _shelf())
        what = "There is no such file" if wanted else "No published weights have this name"
        raise NotFound(what, received=source, hint=f"Known: {names}")
    if source.resolve() != wanted.path.resolve():
        _try(wanted, str(source.resolve()))
        with new_file(wanted.path) as copy:
            shutil.copyfile(source, copy)
    return wanted


def _shelf() -> Iterator[PublishedWeights]:
    for backbone in get_args(TransferSpec.model_fields["backbone"].annotation):
        for size in pretrained.MOBILENET_SIZES if backbone == "mobilenetv2" else (0,):
            spec = TransferSpec.model_validate(
                {"backbone": backbone, "backbone_size": size or 224, "head": [{"units": 2}]}
            )
            name = pretrained.file_name(spec)
            yield PublishedWeights(backbone, size, name, pretrained.cache_folder() / name)


def _find(backbone: str, size: int) -> PublishedWeights:
    wanted = size or (224 if backbone == "mobilenetv2" else 0)
    for each in _shelf():
        if (each.backbone, each.size) == (backbone, wanted):
            return each
    known = ", ".join(dict.fromkeys(each.backbone for each in _shelf()))
    raise NotFound("No published weights are known of this backbone and size", received=f"{backbone} {size or ''}",
                   hint=f"Known: {known}")  # fmt: skip


def _try(wanted: PublishedWeights, file: str = "") -> None:
    """Have a worker build the backbone with weights that it downloads, or takes from a file."""
    asked: WeightsRequest = {"backbone": wanted.backbone, "size": wanted.size or _SMALL, "file": file}
    try:
        call(_WORKER, dict(asked))
    except WorkerFailed as error:
        raise RunError(
            f"These are not the weights of {wanted.backbone}" if file else "The download failed",
            received=error.reason,
        ) from error

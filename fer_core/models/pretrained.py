"""Where the published weights of a backbone are, and what to say where they are not. No Keras here.

find_weights(load("vgg16").model)      # before a run is made: raises RunError at once
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from fer_core.base.errors import RunError
from fer_core.base.parsing import expand_home
from fer_core.recipes.model_spec import ModelSpec, TransferSpec

_HOST, _PORT, _PATIENCE = "storage.googleapis.com", 443, 3.0  # where Keras downloads from; seconds
_FILES = {
    "vgg16": "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "resnet50": "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "resnet50v2": "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "densenet121": "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "efficientnetb0": "efficientnetb0_notop.h5",
    "efficientnetv2b0": "efficientnetv2-b0_notop.h5",
}
MOBILENET_SIZES = (96, 128, 160, 192, 224)


def file_name(spec: TransferSpec) -> str:
    """What Keras calls the file of these weights."""
    if spec.backbone != "mobilenetv2":
        return _FILES[spec.backbone]
    size = spec.backbone_size if spec.backbone_size in MOBILENET_SIZES else 224
    return f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{size}_no_top.h5"


def cache_folder() -> Path:
    """Keras's folder of downloaded weights."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def find_weights(spec: ModelSpec) -> Path | None:
    """The file with the weights a model begins with; None where it begins with none, or Keras can download them.

    Raises:
        RunError: the file the recipe names is not there, or it is in no place and there is no network.
    """
    if not isinstance(spec, TransferSpec) or spec.weights == "none" or spec.start:
        return None
    name, choice = file_name(spec), "or set model.weights=none to train from nothing"
    if spec.weights_file:
        named = expand_home(Path(spec.weights_file))
        if not named.is_file():
            raise RunError(
                f"The file with the weights of {spec.backbone} is not there",
                received=f"model.weights_file={str(named)!r}",
                hint=f"Name a copy of {name}, {choice}",
            )
        return named
    cached = cache_folder() / name
    if cached.is_file():
        return cached
    if not can_download():
        raise RunError(
            f"The published weights of {spec.backbone} are not here and cannot be downloaded",
            received=name,
            hint=f"Put {name} into {cache_folder()}, name it in model.weights_file, {choice}",
        )
    return None


def can_download() -> bool:
    """Whether the host of the weights answers, within a few seconds; asked so that nobody waits for a time-out."""
    try:
        socket.create_connection((_HOST, _PORT), timeout=_PATIENCE).close()
    except OSError:
        return False
    return True

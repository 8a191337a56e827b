"""The library behind FER Workbench, and its front door for notebooks. The house is drawn in docs/architecture.md.

Importing this is quick: what a name needs is loaded when the name is first used.

    >>> import fer_core as fer
    >>> ds = fer.sample()                                 # or fer.open("faces"), fer.import_("faces.zip", name="faces")
    >>> ds
    <OpenDataset sample: 1,195 images in 4 classes, version v1>
    >>> sorted(ds.duplicates().summary())
    ['exact', 'mirrored', 'near']
    >>> list(ds.mislabels(method="quick").columns[:4])    # pandas, the likeliest mistake first
    ['image_id', 'path', 'split', 'label']
    >>> worst = ds.mislabels().iloc[0]
    >>> v = ds.relabel({worst["image_id"]: worst["suggested"]}, who="Ada").apply()
    >>> v.number, v.operation
    (2, 'review')
    >>> v = ds.split(80, 10, 10, seed=42).save()
    >>> v.certificate.holds
    True
    >>> faces = fer.predict(ds.write_image(worst["image_id"], "face.png"))
    >>> faces[0].label in faces.classes
    True
    >>> len(fer.runs()), list(fer.runs().table.columns[:3])
    (0, ['run', 'state', 'recipe'])

A run trains in a process of its own. What the Train page says of the version comes as `fer.DataWarning`:

    >>> run = fer.train(v, "compact", epochs=1)           # doctest: +SKIP
    >>> run.wait().scores("val")["accuracy"]              # doctest: +SKIP
    >>> fer.find_rate(v, "compact").proposed              # doctest: +SKIP
    >>> found = fer.tune(v, "compact", ["learning_rate=1e-4..1e-2"], trials=20)     # doctest: +SKIP
    >>> fer.train(v, found.recipe)                        # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_core.api import DataWarning as DataWarning
    from fer_core.api import RunList
    from fer_core.api import find_rate as find_rate
    from fer_core.api import import_ as import_
    from fer_core.api import open as open
    from fer_core.api import predict as predict
    from fer_core.api import sample as sample
    from fer_core.api import train as train
    from fer_core.api import tune as tune

    def runs() -> RunList: ...


# ONNX Runtime would look up a host of its maker and keep a device id in the home.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.2.0"
__all__ = ["DataWarning", "find_rate", "import_", "open", "predict", "runs", "sample", "train", "tune"]


def __getattr__(name: str) -> Any:
    """A name of the front door, loaded when it is asked for (PEP 562)."""
    if name == "runs":  # also a room: the module itself answers when it is called, see `fer_core.runs`
        return import_module("fer_core.runs")
    if name in __all__:
        return getattr(import_module("fer_core.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

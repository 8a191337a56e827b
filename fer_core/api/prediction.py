"""What a model says of a picture, as the front door hands it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import pandas as pd

from fer_core.api import html
from fer_core.inference.photo_result import FaceAnswer, PhotoResult


@dataclass(frozen=True)
class Prediction(Sequence[FaceAnswer]):
    """The faces of a picture from left to right; each has label, probabilities, uncertain and box.

    Attributes:
        photo: all that is known: size, warnings, times.
    """

    photo: PhotoResult

    @property
    def classes(self) -> tuple[str, ...]:
        """What the model can say; () where there is no face."""
        return tuple(self.photo.faces[0].probabilities) if self.photo.faces else ()

    @property
    def table(self) -> pd.DataFrame:
        """One row per face."""
        return pd.DataFrame(self.photo.rows())

    def __len__(self) -> int:
        return len(self.photo.faces)

    @overload
    def __getitem__(self, at: int) -> FaceAnswer: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[FaceAnswer, ...]: ...
    def __getitem__(self, at: int | slice) -> FaceAnswer | tuple[FaceAnswer, ...]:
        return self.photo.faces[at]

    def __iter__(self) -> Iterator[FaceAnswer]:
        return iter(self.photo.faces)

    def __repr__(self) -> str:
        said = ", ".join(face.answer for face in self) or "no face"
        return f"<Prediction {self.photo.name}: {said}>"

    def _repr_html_(self) -> str:
        line = " ".join(self.photo.warnings)
        rows = [
            {"face": f.number, "answer": f.answer, **{k: f"{p:.3f}" for k, p in f.probabilities.items()}}
            for f in self
        ]
        return html.card(self.photo.name, line, pd.DataFrame(rows))

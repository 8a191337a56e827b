"""The story of a dataset, as the front door hands it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fer_core.base.atomic import write_atomic
from fer_core.base.parsing import expand_home
from fer_core.reports import document
from fer_core.reports.document import Document


@dataclass(frozen=True)
class Story:
    """The story of a dataset, see `reports.story`.

    Attributes:
        document: its sections.
    """

    document: Document

    def save(self, to: str | Path) -> Path:
        """Write it as HTML, or as Markdown where the name ends in `.md`."""
        path = expand_home(Path(to)).resolve()
        write_atomic(path, str(self) if path.suffix == ".md" else document.html(self.document))
        return path

    def __str__(self) -> str:
        return document.markdown(self.document)

    def __repr__(self) -> str:
        return f"<Story of {self.document.name}: {len(self.document.sections)} sections>"

    def _repr_markdown_(self) -> str:
        return str(self)

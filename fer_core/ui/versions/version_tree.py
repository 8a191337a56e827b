"""The lineage of a dataset as a list one can click, newest first, with the graph drawn at its left edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from fer_core.charts.lineage import HEIGHT, rail_svg, rails
from fer_core.data.versions import Version
from fer_core.ui.components import browser_part, version_text

_list = browser_part.load("fer_lineage", __file__, f'<ol style="--row:{HEIGHT}px"></ol>')


class TreeRow(TypedDict):
    """A version as the browser draws it; `rail` is SVG."""

    id: str
    number: str
    words: str
    more: str
    images: str
    when: str
    title: str
    badges: list[str]
    selected: bool
    rail: str


def draw(versions: Sequence[Version], *, head: str, shown: str, selected: str, key: str) -> str | None:
    """Draw the versions; return the id of the one just clicked, if any.

    Args:
        versions: of one dataset, oldest first.
        head: id of the newest state.
        shown: id of the version the page shows.
        selected: id of the one to mark.
        key: unique on the page.
    """
    ordered = list(versions)[::-1]
    laid = rails([(v.id, v.parent) for v in ordered])
    rows: list[TreeRow] = []
    for version, rail in zip(ordered, laid, strict=True):
        badges = ["newest"] if version.id == head else []
        badges += ["on this page"] if version.id == shown != head else []
        about = ", ".join(filter(None, (version_text.made_by(version), version.note)))
        rows.append(
            {
                "id": version.id,
                "number": f"v{version.number}",
                "words": version.name or version_text.operation(version),
                "more": f"{version_text.operation(version)}: {about}" if version.name else about,
                "images": f"{version.counts['images']:,}",
                "when": version.created[:16].replace("T", " "),
                "title": f"version {version.number}, {version.id}",
                "badges": badges,
                "selected": version.id == selected,
                "rail": rail_svg(rail, filled=version.id == head),
            }
        )
    label = f"{len(rows)} versions, newest first"
    result = _list(key=key, data={"rows": rows, "label": label}, on_clicked_change=lambda: None)
    clicked = result.clicked
    return str(clicked) if clicked else None

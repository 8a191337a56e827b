"""Documents from the Jinja2 templates beside this file: one base page, one style sheet, one set of macros.

    html = render("certificate.html", certificate=found, ...)

What a template is given is escaped where it is written, for HTML, or for Markdown in a `.md`;
nothing is loaded from anywhere. Light and dark follow the
reader's system; printed, a page is light and breaks between rows and faces.
"""

from __future__ import annotations

import base64
import io
import shlex
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray
from PIL import Image

from fer_core import __version__
from fer_core.base.workspace import now
from fer_core.reports import markdown

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """The document a template makes of some values.

    Args:
        template: file in `templates/`.
        values: what it asks for; one it asks for and is not given is an error.
    """
    page = _environment(template.endswith(".md")).get_template(template)
    return page.render(program=f"FER Workbench {__version__}", made=now(), **values)


def command(*words: str) -> str:
    """What to type in a shell to do something again: `fer certify faces --version 3`."""
    return shlex.join(["fer", *words])


def thousands(number: int | float) -> str:
    """`12,345`."""
    return f"{number:,.0f}"


def decimals(number: float, places: int = 3) -> str:
    """`0.912`; a dash where it is unknown."""
    return "–" if number is None or np.isnan(number) else f"{number:.{places}f}"


def percent(share: float, places: int = 1) -> str:
    """`12.3%` of a share 0..1."""
    return f"{share:.{places}%}"


def signed(number: float, places: int = 1) -> str:
    """`+1.2`, `-0.4`."""
    return f"{number:+.{places}f}"


def picture(pixels: NDArray[np.uint8]) -> str:
    """A picture, uint8 (h, w), as an address that holds it."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


FILTERS: Mapping[str, Callable[..., str]] = {
    "thousands": thousands,
    "code": markdown.code,
    "fenced": markdown.fenced,
    "inside": markdown.inside,
    "decimals": decimals,
    "percent": percent,
    "picture": picture,
    "signed": signed,
}


@cache
def _environment(is_markdown: bool) -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=not is_markdown,
        finalize=markdown.escape if is_markdown else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(FILTERS)
    return found

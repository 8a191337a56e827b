r"""Text that a reader of Markdown sees as it is written.

>>> print(escape("a*b* [x](http://y) <i>"))
a\*b\* \[x\](http\://y) \<i\>
>>> print(code("fer train --recipe `x`"))
`` fer train --recipe `x` ``
"""

from __future__ import annotations

import re

from markupsafe import Markup

_INSIDE = r"""[\\`*\[\]<>|~&$]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.|(?<=\w)@"""
_MIDDLE = re.compile(_INSIDE)
_SPECIAL = re.compile(_INSIDE + r"|^(?:[#+=-]|\d+(?=[.)](?:\s|$)))")


def escape(value: object) -> str:
    r"""Text on one line, every character that means something to Markdown or GitHub after a backslash; addresses do not
    become links. What `code` returns stays as it is."""
    if isinstance(value, Markup):
        return str(value)
    text = " ".join(str(value).split())
    return _SPECIAL.sub(lambda found: _escaped(found[0]), text)


def inside(value: object, first: bool = False) -> Markup:
    """`escape` for a part of a line, whose outer blanks stay; `first`: the line begins with it."""
    text = re.sub(r"\s+", " ", str(value))
    return Markup((_SPECIAL if first else _MIDDLE).sub(lambda found: _escaped(found[0]), text))


def fenced(value: object) -> Markup:
    """Lines as they stand, in a block of code whose fence is longer than any in them."""
    text = str(value).strip("\n")
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
    return Markup(f"{fence}\n{text}\n{fence}")


def _escaped(found: str) -> str:
    return f"{found}\\" if found.isdigit() else f"\\{found}"


def code(value: object) -> Markup:
    """Text as code, fenced by more backticks than it holds in a row."""
    text = " ".join(str(value).split())
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return Markup(f"{fence}{pad}{text}{pad}{fence}")

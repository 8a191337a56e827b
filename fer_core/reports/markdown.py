r"""Text that a reader of Markdown sees as it is written.

>>> print(escape("a*b* [x](http://y) <i>"))
a\*b\* \[x\](http\://y) \<i\>
>>> print(code("fer train --recipe `x`"))
`` fer train --recipe `x` ``
"""

from __future__ import annotations

import re

from markupsafe import Markup

_SPECIAL = re.compile(
    r"""[\\`*\[\]<>|~&$]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.|(?<=\w)@|^(?:[#+=-]|\d+(?=[.)](?:\s|$)))"""
)


def escape(value: object) -> str:
    r"""Text on one line, every character that means something to Markdown or GitHub after a backslash; addresses do not
    become links. What `code` returns stays as it is."""
    if isinstance(value, Markup):
        return str(value)
    text = " ".join(str(value).split())
    return _SPECIAL.sub(lambda found: _escaped(found[0]), text)


def _escaped(found: str) -> str:
    return f"{found}\\" if found.isdigit() else f"\\{found}"


def code(value: object) -> Markup:
    """Text as code, fenced by more backticks than it holds in a row."""
    text = " ".join(str(value).split())
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return Markup(f"{fence}{pad}{text}{pad}{fence}")

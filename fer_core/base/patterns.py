r"""Regular expressions written by users, matched in linear time by RE2, so that none can hang the server.

RE2 knows neither back references nor look-around (https://github.com/google/re2/wiki/Syntax). As in Python, `\w`, `\d`
and `\s` take characters beyond ASCII too, and `\Z` is the end; `\b` knows ASCII alone, so it is refused for other paths.

    >>> Pattern(r"(\w+)_\d+").subject("happy/José_01.png")
    'José'
"""

from __future__ import annotations

import re
from functools import lru_cache

import re2

from fer_core.base.errors import BadPattern

MAX_PATTERN = 200
_MEMORY = 2 * 1024 * 1024
"""Bytes of a compiled pattern: a search of a path of 300 characters costs up to about 25 ms then."""
_SPACE = r"\s\x0B\x1C-\x1F\x{85}\p{Z}"
_NO_WORD = r"\p{M}\p{Z}\p{S}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{C}"
_IN_BRACKETS = {
    r"\w": r"\p{L}\p{N}_", r"\W": _NO_WORD, r"\d": r"\p{Nd}", r"\D": r"\P{Nd}", r"\s": _SPACE,
    r"\S": r"\C",  # refused
}  # fmt: skip
_ALONE = {
    r"\w": r"[\p{L}\p{N}_]", r"\W": r"[^\p{L}\p{N}_]", r"\d": r"\p{Nd}", r"\D": r"\P{Nd}", r"\s": f"[{_SPACE}]",
    r"\S": f"[^{_SPACE}]", r"\Z": r"\z",
}  # fmt: skip
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_TOKEN = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\\.|\{,(?=\d+\})", re.DOTALL)


class Pattern:
    """A compiled pattern.

    Args:
        text: 1 to 200 characters.

    Raises:
        BadPattern: not a regular expression, or one that RE2 does not support.
    """

    def __init__(self, text: str) -> None:
        if not text or len(text) > MAX_PATTERN:
            raise BadPattern(
                f"A subject pattern has 1 to {MAX_PATTERN} characters", received=f"{len(text)} characters"
            )
        self._text = text
        self._compiled = _compiled(text)
        self._ascii_alone = any(found[0] in (r"\b", r"\B") for found in _TOKEN.finditer(text))
        self._group = 1 if self._compiled.groups else 0

    def subject(self, path: str) -> str:
        """The first group of the match in a path, or the whole match if there is no group; "" for no match.

        Raises:
            BadPattern: the pattern has word boundaries and the path letters beyond ASCII.
        """
        if self._ascii_alone and not path.isascii():
            raise BadPattern(
                f"Word boundaries (\\b, \\B) are known between ASCII letters alone, not in {path}",
                received=self._text,
                hint=r"Name what stands there instead, for example (?:^|/)(\w+)_ for \b(\w+)_",
            )
        found = self._compiled.search(path.encode("utf-8", "surrogatepass"))
        return (found[self._group] or b"").decode("utf-8", "surrogatepass") if found else ""


@lru_cache(maxsize=64)
def _compiled(text: str) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(_translated(text), options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0]
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(error)
        raise BadPattern(
            f"This is not a regular expression that can be used ({words})",
            received=text,
            hint=r"For example (\w+)_\d+ for ann_01.png; back references, look-around, comments and repeats above 1,000"
            " are not known here",
        ) from error


def _translated(text: str) -> str:
    r"""`\w`, `\d`, `\s`, `\Z` and `{,n}` as Python takes them."""

    def outside(found: re.Match[str]) -> str:
        token = found[0]
        if token in (r"\C", "{,"):
            return "{0," if token == "{," else r"\Z"  # a byte is half a letter: RE2 refuses this one in words
        if token[0] == "[":
            return _ESCAPE.sub(lambda each: _IN_BRACKETS.get(each[0], each[0]), token)
        return _ALONE.get(token, token)

    return _TOKEN.sub(outside, text)

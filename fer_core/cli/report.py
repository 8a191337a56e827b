"""What a verb has to say, as JSON for programs or as text for people.

A verb returns a `Report` and prints nothing itself; `reports` gives it the option `--json` and does the
printing. So standard output is one JSON document by construction, whatever a library prints meanwhile.

    @click.command("describe")
    @name_argument
    @reports
    def describe(name: str) -> Report:
        '''Counts per split and class.'''
        return Report({"name": name}, f"{name}: nothing in it")
"""

from __future__ import annotations

import functools
import json
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from fer_core.base.errors import FerError

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)


@dataclass(frozen=True)
class Report:
    """The outcome of a verb.

    Attributes:
        document: what `--json` prints; numbers may be NumPy's, NaN becomes null.
        text: what is printed without it.
        error: raised once the report is printed, for work that has a result and failed all the same.
    """

    document: Any
    text: str
    error: FerError | None = None


def reports(verb: Callable[..., Report]) -> Callable[..., None]:
    """Give a verb the option `--json` and print the report it returns.

    SIGTERM ends the verb as Ctrl-C does, so that what it was writing is cleaned up.
    """

    @functools.wraps(verb)
    def run(*args: Any, as_json: bool, **options: Any) -> None:
        # A job has a handler of its own, see `work`.
        with nullcontext() if options.get("job") else _stoppable(), _clean_stdout(as_json):
            report = verb(*args, **options)
        click.echo(to_json(report.document) if as_json else report.text)
        if report.error:
            raise report.error

    return json_option(run)


def json_wanted() -> bool:
    """Whether the verb that runs was asked for JSON."""
    return bool(click.get_current_context().params.get("as_json"))


@contextmanager
def _clean_stdout(wanted: bool) -> Iterator[None]:
    """What libraries print goes to stderr, down to the file descriptor that C code and child processes use."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _stoppable() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, _interrupt)}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # ignored in the background of a shell
        before[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM. Of a bare KeyboardInterrupt inside `exec`, as dataclasses use it, Python remembers that
    it was not caught there, and `python -m` then ends by the signal instead of with the status we return."""


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise _Interrupted


def to_json(value: Any) -> str:
    """One JSON document (RFC 8259): NaN and infinity become null, paths become text."""
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a file name that is not UTF-8
        return json.dumps(_plain(value), indent=2, allow_nan=False)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Path):
        return str(value)
    number = value.item() if hasattr(value, "item") else value  # NumPy's scalars
    return None if isinstance(number, float) and not math.isfinite(number) else number


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns aligned for a terminal; numbers to the right, with thousands separators."""
    cells = [[_word(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    numeric = [
        bool(rows) and all(value is None or isinstance(value, int | float) for value in column)
        for column in zip(*rows, strict=True)
    ] or [False] * len(header)

    def line(words: Sequence[str]) -> str:
        parts = zip(words, widths, numeric, strict=True)
        return "  ".join(word.rjust(w) if right else word.ljust(w) for word, w, right in parts).rstrip()

    return "\n".join([line(header), line(["-" * width for width in widths]), *map(line, cells)])


def cells(row: Mapping[str, object], columns: Sequence[str]) -> list[object]:
    """The values of a row in the order of the columns."""
    return [row[name] for name in columns]


def _word(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) <= 1 else f"{value:,.1f}"
    return str(value)

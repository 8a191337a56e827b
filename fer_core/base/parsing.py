"""Turn whatever a parsing library raises over an untrusted file into a `FerError`, recursion and memory errors included.

with parsing(SourceError, "The table cannot be read", received=path):
    table = pq.read_table(file)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_core.base.errors import BadName, FerError

_LONGEST = 200  # characters of what the library said


@contextmanager
def parsing(kind: type[FerError], message: str, *, received: object = None) -> Iterator[None]:
    """Raise any exception of the block as `kind`, with its first line in the message; a `FerError` passes unchanged.

    Only parse in the block: a bug of ours in it would be reported as a fault of the file.
    """
    try:
        yield
    except FerError:
        raise
    except RecursionError as error:
        raise kind(f"{message} (it is nested too deeply)", received=received) from error
    except MemoryError as error:
        raise kind(f"{message} (it asks for more memory than there is)", received=received) from error
    except Exception as error:
        raise kind(f"{message} ({first_line(error)})", received=received) from error


def first_line(error: BaseException) -> str:
    """First line of an error's message, at most 200 characters; its type if it has no message."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def expand_home(path: Path) -> Path:
    """A path with `~` and `~name` expanded.

    Raises:
        BadName: there is no such user.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise BadName(
            "Nobody of that name has a home here", received=str(path), hint="Write the whole path"
        ) from error

"""The one guard for what libraries raise over bytes of somebody else: a dozen of them read formats, each with errors of its own,
down to too deep a nesting and a header that asks for more memory than there is.

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
def parsing(kind: type[FerError], message: str, *, received: object = None, hint: str = "") -> Iterator[None]:
    """Inside, whatever is raised over the content of a file becomes an error of that kind; errors in words stay as they are.

    Keep to reading inside: a fault of ours there would be told as one of the file.
    """
    try:
        yield
    except FerError:
        raise
    except RecursionError as error:
        raise kind(f"{message} (it is nested too deeply)", received=received, hint=hint) from error
    except MemoryError as error:
        raise kind(
            f"{message} (it asks for more memory than there is)", received=received, hint=hint
        ) from error
    except Exception as error:
        raise kind(f"{message} ({first_line(error)})", received=received, hint=hint) from error


def first_line(error: BaseException) -> str:
    """What an error says, in its first line, cut to 200 characters; its kind where it says nothing."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def home_expanded(path: Path) -> Path:
    """A path with `~` put in.

    Raises:
        BadName: `~name` of nobody here.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise BadName(
            "Nobody of that name has a home here", received=str(path), hint="Write the whole path"
        ) from error

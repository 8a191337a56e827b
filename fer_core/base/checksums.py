"""What files held when they were written, so that a change nobody made is noticed: BLAKE2b, in `checksums.jsonl` beside them.

    with checked_file(path) as temporary:      # `new_file`, and its sum is noted
        table.to_parquet(temporary)

    state(path)                                # "whole", "damaged", "gone" or "not checked"

A sum is noted before its file takes its place. A crash between the two leaves the file before it, whose sum stands there
too: a file is whole where any of its lines fits. What was written by versions without sums is "not checked", never "whole".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from fer_core.base.atomic import replace, synchronise, temporary_path
from fer_core.base.jsonl import append_line, read_lines

FILE = "checksums.jsonl"
FileState = Literal["whole", "damaged", "gone", "not checked"]
_SIZE = 16  # bytes of a sum


@contextmanager
def checked_file(target: Path) -> Iterator[Path]:
    """`atomic.new_file`, with the file's sum noted."""
    with temporary_path(target) as temporary:
        yield temporary
        note(target, temporary)
        replace(temporary, target)


def write_checked(path: Path, value: Any) -> None:
    """`atomic.write_json`, with the file's sum noted."""
    with checked_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def note(target: Path, source: Path | None = None) -> None:
    """Note what `target` holds, or will hold once `source` takes its place; its folder must be there.

    A file that only grows is whole as long as it begins with what it held.
    """
    if source is None:  # else whoever puts it in its place sees to that
        synchronise(target)
    size, found = _summed(source or target)
    append_line(
        target.parent / FILE, {"file": target.name, "bytes": size, "blake2b": found.hex()}, durable=True
    )


def note_made(path: Path) -> None:
    """Note that a file is there which changes all the time, so that it can be missed."""
    append_line(path.parent / FILE, {"file": path.name}, durable=True)


def sum_of(data: bytes | memoryview) -> str:
    """BLAKE2b-128 of bytes, 32 hex digits."""
    return hashlib.blake2b(data, digest_size=_SIZE).hexdigest()


def noted(folder: Path) -> set[str]:
    """Names of the files of a folder whose sums were noted."""
    return {str(row.get("file")) for row in read_lines(folder / FILE)[0]}


def state(path: Path) -> FileState:
    """What became of a file; reads it whole.

    Raises:
        OSError: it is there and cannot be read.
    """
    if not path.exists():
        return "gone"
    rows = [row for row in read_lines(path.parent / FILE)[0] if row.get("file") == path.name]
    if path.suffix == ".jsonl":
        rows = rows[-1:]
    if not rows:
        return "not checked"
    return "whole" if _fits(path, rows) else "damaged"


def _fits(path: Path, rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether the file begins with what one of the lines says; the newest is tried first."""
    sums: dict[int, str] = {}
    for row in reversed(rows):
        size = row.get("bytes")
        if not isinstance(size, int) or (size != path.stat().st_size and path.suffix != ".jsonl"):
            continue
        if size not in sums:
            sums[size] = _summed(path, size)[1].hex()
        if sums[size] == row.get("blake2b"):
            return True
    return False


def _summed(path: Path, size: int | None = None) -> tuple[int, bytes]:
    """How many bytes were read, all or the first `size`, and their sum."""
    digest, done = hashlib.blake2b(digest_size=_SIZE), 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20 if size is None else min(1 << 20, size - done)):
            digest.update(block)
            done += len(block)
    return done, digest.digest()

"""Checksums (BLAKE2b) of files as they were written, kept in `checksums.jsonl` beside them, to detect damage.

    with checked_file(path) as temporary:      # `new_file` that also records the checksum
        table.to_parquet(temporary)

    file_state(path)                           # "whole", "damaged", "gone" or "not checked"

A checksum is recorded before its file takes its place. A crash between the two leaves the previous file, whose checksum is
recorded too: a file is whole if any of its lines fits. Files written before checksums existed are "not checked", never "whole".
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
    """`atomic.new_file` that also records the checksum."""
    with temporary_path(target) as temporary:
        yield temporary
        record_checksum(target, temporary)
        replace(temporary, target)


def write_checked(path: Path, value: Any) -> None:
    """`atomic.write_json` that also records the checksum."""
    with checked_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def record_checksum(target: Path, source: Path | None = None) -> None:
    """Record the checksum of `target`, or of `source` that will replace it; the folder must exist.

    A `.jsonl` file, which only grows, is whole as long as it begins with the recorded content.
    """
    if source is None:  # else `replace` does it
        synchronise(target)
    size, found = _summed(source or target)
    append_line(
        target.parent / FILE, {"file": target.name, "bytes": size, "blake2b": found.hex()}, durable=True
    )


def record_created(path: Path) -> None:
    """Record that a file exists whose content changes all the time, so that its loss is noticed."""
    append_line(path.parent / FILE, {"file": path.name}, durable=True)


def checksum(data: bytes | memoryview) -> str:
    """BLAKE2b-128 of bytes, 32 hex digits."""
    return hashlib.blake2b(data, digest_size=_SIZE).hexdigest()


def recorded_files(folder: Path) -> set[str]:
    """Names of the files of a folder that `record_checksum` or `record_created` recorded."""
    return {str(row.get("file")) for row in read_lines(folder / FILE)[0]}


def file_state(path: Path) -> FileState:
    """Compare a file with its recorded checksum; reads the whole file.

    Raises:
        OSError: it exists and cannot be read.
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

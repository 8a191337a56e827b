"""From the files of a source to manifest rows and pixels: decode, hash and measure, in as many processes as pay off.

Small pictures cost more in Python's bookkeeping than in decoding, so threads do not help. Work is dealt in chunks to
worker processes that answer over a pipe: started fresh, so it works the same from a script, a test and a server.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_core.data import images, measures
from fer_core.data.readers import Entry, Reader, open_reader
from fer_core.emotions import UNASSIGNED
from fer_core.errors import FerError, ImageError, SourceError
from fer_core.jobs import ProgressFn

CHUNK = 512
SIZE = 48
_MANY = 4000  # files; below this, starting processes costs more than it saves
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Chunk:
    """The facts of some files in order, and their gray pixels, uint8 (n, 48, 48); zeros where unreadable."""

    facts: list[dict[str, Any]]
    pixels: NDArray[np.uint8]


def ingest(source: Path, entries: Sequence[Entry], progress: ProgressFn) -> Iterator[Chunk]:
    """Read every entry, in order. A file that cannot be read gives a row with its `error`.

    Args:
        source: folder or archive.
        entries: what to read.
        progress: told (done, total, "images").
    """
    total = len(entries)
    done = 0
    progress(0, total, "images")
    for chunk in _chunks(source, entries):
        done += len(chunk.facts)
        yield chunk
        progress(done, total, "images")


def _chunks(source: Path, entries: Sequence[Entry]) -> Iterator[Chunk]:
    workers = min(os.cpu_count() or 1, 8)
    batches = [entries[i : i + CHUNK] for i in range(0, len(entries), CHUNK)]
    reader = open_reader(source)
    try:
        if workers < 2 or len(entries) < _MANY or is_packed_tar(source):
            for batch in batches:
                yield _read(reader, batch)
            return
    finally:
        reader.close()
    processes = [_start(source, batches[n::workers]) for n in range(workers)]
    try:
        for number in range(len(batches)):
            yield _receive(processes[number % workers])
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def is_packed_tar(source: Path) -> bool:
    """Whether every worker would have to unpack everything to reach its part."""
    return source.is_file() and not zipfile.is_zipfile(source)


def _start(source: Path, batches: Sequence[Sequence[Entry]]) -> subprocess.Popen[bytes]:
    """A worker that reads the given batches in order and sends each as it is done."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fer_core.data.ingest"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    work = {
        "source": str(source),
        "batches": [[(e.path, e.split, e.label, e.problem) for e in batch] for batch in batches],
    }
    assert process.stdin is not None
    process.stdin.write(json.dumps(work).encode())
    process.stdin.close()
    process.stdin = None
    return process


def _receive(process: subprocess.Popen[bytes]) -> Chunk:
    """The next chunk of a worker: the length of its facts, the facts as JSON, the pixels."""
    assert process.stdout is not None
    head = process.stdout.read(8)
    if len(head) < 8:
        raise SourceError("A process that reads the images ended early", hint="Try again; if it was out of memory, free some")
    facts = json.loads(process.stdout.read(int.from_bytes(head, "little")))
    pixels = np.frombuffer(process.stdout.read(len(facts) * SIZE * SIZE), np.uint8)
    return Chunk(facts, pixels.reshape(len(facts), SIZE, SIZE))


def _serve() -> None:
    """The worker's side."""
    work = json.load(sys.stdin.buffer)
    out = sys.stdout.buffer
    reader = open_reader(Path(work["source"]))
    for batch in work["batches"]:
        chunk = _read(reader, [Entry(*entry) for entry in batch])
        facts = json.dumps(chunk.facts).encode()
        out.write(len(facts).to_bytes(8, "little") + facts)
        out.write(chunk.pixels)
        out.flush()


def _read(reader: Reader, batch: Sequence[Entry]) -> Chunk:
    pixels = np.zeros((len(batch), SIZE, SIZE), np.uint8)
    facts = []
    by_shape: dict[tuple[int, ...], list[tuple[int, NDArray[np.uint8]]]] = {}
    for i, entry in enumerate(batch):
        fact, gray = _one(reader, entry)
        facts.append(fact)
        if gray is not None:
            by_shape.setdefault(gray.shape, []).append((i, gray))
    for group in by_shape.values():
        # Pictures of one size are measured together: that is several times faster than one by one.
        where = [i for i, _ in group]
        stack = np.stack([gray for _, gray in group])
        pixels[where] = measures.resize_stack(stack, SIZE)
        scores = measures.quality_stack(stack).tolist()
        for i, phash, (brightness, contrast, sharpness) in zip(where, measures.phash_stack(stack), scores, strict=True):
            facts[i] |= {"phash": int(phash), "brightness": brightness, "contrast": contrast, "sharpness": sharpness}
    return Chunk(facts, pixels)


def _one(reader: Reader, entry: Entry) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
    """The facts of one file, and its gray levels where it decoded."""
    fact: dict[str, Any] = {
        "path": entry.path,
        "split": entry.split or UNASSIGNED,
        "label": entry.label or "",
        "width": 0,
        "height": 0,
        "mode": "gray",
        "format": "",
        "file_hash": "",
        "pixel_hash": "",
        "phash": 0,
        "brightness": 0.0,
        "contrast": 0.0,
        "sharpness": 0.0,
        "error": entry.problem,
    }
    if entry.problem:
        return fact, None
    try:
        data = reader.read(entry.path)
        fact["file_hash"] = hashlib.blake2b(data, digest_size=16).hexdigest()
        picture = images.decode(data)
    except FerError as error:
        claims = PurePosixPath(entry.path).suffix.lower() in images.SUFFIXES
        strange = isinstance(error, ImageError) and not claims
        fact["error"] = "Not an image file" if strange else error.message
        return fact, None
    if not entry.label:
        fact["error"] = "No folder names the class of this file"
        return fact, None
    fact |= {
        "width": picture.width,
        "height": picture.height,
        "mode": picture.mode,
        "format": picture.format,
        "pixel_hash": images.pixel_hash(picture.pixels),
    }
    return fact, images.to_gray(picture.pixels)


if __name__ == "__main__":
    _serve()

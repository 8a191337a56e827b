"""ONNX files of others, opened and asked by a process of their own, with limits on time, memory and threads.

A small file can hold a loop of 2^62 steps, or ask for all the memory there is: here that ends a worker, never the app. A file
on the shelf that is stopped over a single picture is put aside, and says so; one whose worker died is asked once more.

    session = IsolatedSession(Path("models/files/theirs.onnx"))
    (answers,) = session.run(["probabilities"], {"pictures": batch})
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.base.atomic import replace
from fer_core.base.errors import ModelFileError
from fer_core.inference.metadata import METADATA_KEY, sidecar
from fer_core.inference.onnx_file import Graph, Session, open_session, refuse_other_formats
from fer_core.jobs.kept_worker import KeptWorker, answer
from fer_core.jobs.worker import WorkerFailed

SHELF = "files"
"""Folder of a workspace's `models` where such files lie."""
ASIDE = ".put-aside"
"""Added to the name of a file that had to be stopped."""
_LIMIT_S = float(os.environ.get("FER_MODEL_SECONDS") or 30)  # to open a file, or for one call
_PICTURES = 32  # in one call, at most
_SHORT_S = 2.0  # a call that takes less may be followed by one of twice as many pictures
_MEMORY = 3 << 30  # bytes beyond what the process takes before it opens a file, and the file three times
_THREADS = 2


class IsolatedSession:
    """A file that is open in another process; answers as an ONNX Runtime session does.

    Attributes:
        graph: its shapes.
        embedded: the metadata inside it, JSON; None where there are none.

    Args:
        path: the file.
        threads: for one call.

    Raises:
        ModelFileError: see `onnx_file.open_session`; or it took too long, or too much memory.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        refuse_other_formats(path)
        self._path, self._threads, self._content = path, threads or _THREADS, _content(path)
        self._lock = threading.Lock()
        self._pictures = 1
        try:
            self._worker, told = self._open()
        except WorkerFailed:  # somebody ended it, perhaps
            self._worker, told = self._once_more()
        self.graph = Graph(**told["graph"] | {"sides": tuple(told["graph"]["sides"])})
        self.embedded: str | None = told["embedded"]

    def run(self, outputs: Sequence[str], feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """What the graph answers for one input; where it takes any number, as many pictures at a time as take seconds.

        Raises:
            ModelFileError: it fails, or takes too long or too much memory; or another file has taken its place.
        """
        ((name, batch),) = feeds.items()
        question = {"output": outputs[0], "input": name}
        parts: list[np.ndarray] = []
        done = 0
        while done < len(batch):
            part = batch[done : done + (self.graph.batch or self._pictures)]
            began = time.monotonic()
            try:
                with self._lock:
                    parts.append(self._ask(question, part))
            except TimeoutError as error:
                if self.graph.batch or len(part) == 1:
                    raise self._stopped(aside=len(part) == 1) from error
                self._pictures = 1
                continue
            done += len(part)
            short = time.monotonic() - began < _SHORT_S
            self._pictures = min(2 * self._pictures, _PICTURES) if short else max(self._pictures // 2, 1)
        return [np.concatenate(parts)]

    def _ask(self, question: Mapping[str, object], batch: np.ndarray) -> np.ndarray:
        try:
            return self._worker.ask(question, batch, limit_s=_LIMIT_S)[1]
        except WorkerFailed as error:
            if not error.died:
                raise self._failed(error) from error
        self._worker, _ = self._once_more()
        try:
            return self._worker.ask(question, batch, limit_s=_LIMIT_S)[1]
        except WorkerFailed as error:
            raise self._failed(error) from error

    def _open(self) -> tuple[KeptWorker, Mapping[str, Any]]:
        """A worker that has the file open, and what it says of it."""
        worker = KeptWorker(__spec__.name)
        question = {"open": str(self._path.resolve()), "threads": self._threads}
        try:
            told, _ = worker.ask(question, limit_s=_LIMIT_S)
        except TimeoutError as error:
            raise self._stopped(aside=False) from error
        if problem := told.get("problem"):
            raise ModelFileError(problem["message"], received=problem["received"], hint=problem["hint"])
        return worker, told

    def _once_more(self) -> tuple[KeptWorker, Mapping[str, Any]]:
        if _content(self._path) != self._content:
            raise ModelFileError(
                f"{self._path.name} has changed, or is gone, since it was opened", hint="Open it anew"
            )
        try:
            return self._open()
        except WorkerFailed as error:
            raise self._failed(error) from error

    def _failed(self, error: WorkerFailed) -> ModelFileError:
        how = "ended its process, twice" if error.died else "cannot be run"
        return ModelFileError(f"{self._path.name} {how}", received=error.reason)

    def _stopped(self, *, aside: bool) -> ModelFileError:
        path, how = self._path, f"took longer than {_LIMIT_S:g} s"
        hint = (
            "Export the model anew without loops, or smaller; or allow it more seconds with FER_MODEL_SECONDS"
        )
        if aside and path.parent.name == SHELF and _content(path) == self._content:
            with suppress(OSError):
                for each in (path, sidecar(path)):
                    if each.is_file():
                        replace(each, each.with_name(each.name + ASIDE))
                hint = f"It was put aside as {path.name}{ASIDE}; rename it to try again"
        return ModelFileError(f"{path.name} {how} and was stopped", hint=hint)


def open_file(path: Path, threads: int | None = None, *, isolated: bool) -> tuple[Session, Graph, str | None]:
    """An ONNX file, open in this process or isolated, with its shapes and the metadata inside it (JSON; None without).

    Raises:
        ModelFileError: see `onnx_file.open_session` and `IsolatedSession`.
    """
    if isolated:
        session = IsolatedSession(path, threads)
        return session, session.graph, session.embedded
    opened, graph = open_session(path, threads)
    return opened, graph, opened.get_modelmeta().custom_metadata_map.get(METADATA_KEY)


def _content(path: Path) -> tuple[int, int] | None:
    """What tells a file from a later one of its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


class _Opened:
    """The worker's side: the one file that it has open."""

    def __init__(self) -> None:
        self._run: Callable[..., Any] | None = None

    def work(self, question: Mapping[str, Any], batch: np.ndarray) -> tuple[Mapping[str, object], np.ndarray]:
        if "open" in question:
            path = Path(question["open"])
            _limit_memory(_MEMORY + 3 * path.stat().st_size)
            try:
                session, graph, embedded = open_file(path, int(question["threads"]), isolated=False)
            except ModelFileError as error:
                problem = {"message": error.message, "received": error.received, "hint": error.hint}
                return {"problem": problem}, np.zeros(0)
            self._run = session.run
            return {"graph": asdict(graph), "embedded": embedded}, np.zeros(0)
        assert self._run is not None
        (found,) = self._run([question["output"]], {question["input"]: batch})
        answers = np.asarray(found)
        if answers.dtype.kind not in "fiub":
            raise ModelFileError("It answers with text or lists, not one number per class")
        return {}, answers


def _limit_memory(more: int) -> None:
    """Let this process take so many bytes more than now; where a system cannot, it is not limited."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    sys.exit(answer(_Opened().work))

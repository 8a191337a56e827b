"""A worker process that answers many questions, each within a time limit: for code that must not run in this process.

    worker = KeptWorker("fer_core.inference.isolated")                      # the caller
    told, numbers = worker.ask({"open": "theirs.onnx"}, limit_s=30)
    sys.exit(answer(work))                                               # the worker

A question, like an answer, is JSON and one array; nothing is pickled. The worker ends with the object or its caller.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from fer_core.base.errors import FerError, JobError
from fer_core.jobs import process
from fer_core.jobs.worker import STARTER, WorkerFailed, end_with_starter

_LARGEST = 1 << 30  # bytes of an answer
AnswerFn = Callable[[Mapping[str, Any], np.ndarray], tuple[Mapping[str, object], np.ndarray]]
"""Called with a question and its array; returns the answer, JSON-ready, and its array."""


class KeptWorker:
    """The caller's side; threads may share it and wait for each other.

    Args:
        module: the worker, run with `python -m`; it calls `answer`.

    Raises:
        JobError: it could not be started.
    """

    def __init__(self, module: str) -> None:
        mine, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", module, str(number)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=process.environment(**{STARTER: str(os.getpid())}),
                    pass_fds=[number],
                    start_new_session=True,  # a Ctrl-C is for whoever asks
                )
            except OSError as error:
                mine.close()
                raise JobError("The process could not be started", received=error) from error
        self._line = Connection(mine.detach())
        self._lock = threading.Lock()
        self._end = weakref.finalize(self, _end, self._process, self._line)

    def ask(
        self, question: Mapping[str, object], numbers: np.ndarray | None = None, *, limit_s: float
    ) -> tuple[Mapping[str, Any], np.ndarray]:
        """The worker's answer and its array.

        An interrupted question ends the worker, or its late answer would be taken for that to the next one.

        Raises:
            TimeoutError: it took too long and was ended; later calls raise WorkerFailed.
            WorkerFailed: it failed, or died.
        """
        with self._lock:
            try:
                _send(self._line, _packed(question, np.zeros(0) if numbers is None else numbers))
                if not self._line.poll(limit_s):
                    raise TimeoutError(f"{limit_s:g} s")
                told, found = _receive(self._line)
            except BaseException as error:
                self._end()
                if isinstance(error, TimeoutError) or not isinstance(error, OSError | EOFError | ValueError):
                    raise
                raise WorkerFailed(f"status {self._process.returncode}", died=True) from error
        if "error" in told:
            raise WorkerFailed(str(told["error"]), died=False)
        return told, found


def answer(work: AnswerFn) -> int:
    """The worker's side: answer questions until the caller is gone. Returns the exit status."""
    end_with_starter()
    with Connection(int(sys.argv[1])) as line:
        while True:
            try:
                question, numbers = _receive(line)
            except (EOFError, OSError):
                return 0
            try:
                answered = _packed(*work(question, numbers))
            except Exception as error:  # what the caller tells in words
                words = str(error).strip() if isinstance(error, FerError) else repr(error)
                answered = _packed({"error": words.splitlines()[0][:300]}, np.zeros(0))
            _send(line, answered)


def _packed(told: Mapping[str, object], numbers: np.ndarray) -> tuple[bytes, memoryview]:
    file = io.BytesIO()
    np.save(file, numbers, allow_pickle=False)
    return json.dumps(told).encode(), file.getbuffer()


def _send(line: Connection, parts: tuple[bytes, memoryview]) -> None:
    for part in parts:
        line.send_bytes(part)


def _receive(line: Connection) -> tuple[Mapping[str, Any], np.ndarray]:
    told = json.loads(line.recv_bytes(_LARGEST))
    return told, np.load(io.BytesIO(line.recv_bytes(_LARGEST)), allow_pickle=False)


def _end(child: subprocess.Popen[bytes], line: Connection) -> None:
    with suppress(OSError):
        line.close()
    child.kill()  # it may hang in a call that does not come back, and has nothing to save
    child.wait()

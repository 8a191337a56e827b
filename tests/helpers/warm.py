"""Workers and verbs without the seconds that each spends on importing Keras: forked from a process that has done so.

    process.spawn = WarmStart().spawn     # in place of `fer_core.jobs.process.spawn`

What is forked is as `python -m MODULE` would be: a child of the caller, with its own session, signals, environment, streams
and `__main__`. A command or an environment that is none of the usual ones is started the ordinary way.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from fer_core.jobs import process

_PYTHON = sys.executable
_WORKERS = ("train", "train_folds", "measure", "convert", "import_model", "find_rate", "layers", "published")
_MODULES = ("fer_core", *(f"fer_core.workers.{name}" for name in _WORKERS))
_PRELOADED = (*_MODULES[1:], "fer_core.cli", "tf2onnx")
_OWN = ("FER_", "PYTEST_")
"""Variables that nothing reads while it is imported."""
_FIRST = 2
"""So many are started the ordinary way, since few are not worth a server."""
_READY = b"ready"
_MOST = 1 << 20  # bytes of a request
_SUBREAPER = 36  # prctl: the orphans below are ours, as if we had started them


class _Forked(subprocess.Popen[bytes]):
    """A child that was forked elsewhere, as if it had been started here."""

    def __init__(self, command: Sequence[str], pid: int) -> None:
        self.args, self.pid, self.returncode = command, pid, None
        self.stdin = self.stdout = self.stderr = None
        self._child_created, self._waitpid_lock, self._sigint_wait_secs = True, threading.Lock(), 0.25


class WarmStart:
    """Starts processes by asking a server, which is begun with the third of them if nobody did, and ends with this process;
    nobody waits for it: until it is ready, and if it is gone, they are started the ordinary way.

    Attributes:
        on: else everything is started the ordinary way.
    """

    on = True

    def __init__(self) -> None:
        self._cold = process.spawn
        self._lock = threading.Lock()
        self._usual = process.environment()
        self._server: socket.socket | None = None
        self._asked, self._ready = 0, False

    def spawn(
        self,
        command: Sequence[str],
        log: Path,
        *,
        own_session: bool,
        changes: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """See `fer_core.jobs.process.spawn`."""
        environment = process.environment(**(changes or {}))
        known = [*command[:2]] == [_PYTHON, "-m"] and command[2] in _MODULES
        if self.on and known and _shared(environment) == _shared(self._usual):
            with self._lock, suppress(OSError, ValueError), open(log, "ab") as file:  # the server may be gone
                if self._is_ready():
                    return _Forked(command, self._ask(command, environment, file.fileno(), own_session))
        return self._cold(command, log, own_session=own_session, changes=changes)

    def _is_ready(self) -> bool:
        self._asked += 1
        if self._server is None:
            if self._asked > _FIRST:
                self.begin()
            return False
        if not self._ready and select.select([self._server], [], [], 0)[0]:
            self._ready = self._server.recv(_MOST) == _READY
        return self._ready

    def begin(self) -> None:
        """Start the server, before anybody asks."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [_PYTHON, __file__, str(theirs.fileno())]
            subprocess.Popen(command, stdin=subprocess.DEVNULL, env=self._usual, pass_fds=[theirs.fileno()])
        self._server = ours

    def _ask(self, command: Sequence[str], environment: dict[str, str], log: int, own_session: bool) -> int:
        assert self._server is not None
        request = {
            "command": [*command[2:]],
            "environment": environment,
            "folder": os.getcwd(),
            "own_session": own_session,
        }
        _adopt(True)
        try:
            socket.send_fds(self._server, [json.dumps(request).encode()], [log])
            return int(self._server.recv(_MOST))
        finally:
            _adopt(False)


def _shared(environment: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if not key.startswith(_OWN)}


def _adopt(orphans: bool) -> None:
    """Whether processes whose parents end become children of this one."""
    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, int(orphans), 0, 0, 0)


def serve(asked: socket.socket) -> str:
    """Fork for each request until nobody can ask any more; in the forked process, return the module it is to run."""
    for name in _PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    asked.send(_READY)
    while True:
        data, given, *_ = socket.recv_fds(asked, _MOST, 1)
        if not data:
            sys.exit()
        request, log = json.loads(data), given[0]
        ours, theirs = os.pipe()
        between = os.fork()
        if not between:
            middle = os.getpid()
            if pid := os.fork():
                os.write(theirs, str(pid).encode())
                os._exit(0)
            while os.getppid() == middle:  # until it has ended, and the caller is the parent
                time.sleep(0.001)
            os.close(ours)
            os.close(theirs)
            asked.close()
            return _become(request, log)
        os.close(theirs)
        os.close(log)
        os.waitpid(between, 0)
        with open(ours, "rb") as told:
            asked.send(told.read())


def _become(request: Any, log: int) -> str:
    """Take on what a process is started with; the module to run."""
    if request["own_session"]:
        os.setsid()
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = request["command"]
    module = sys.argv[0]
    if module != "fer_core":  # a package, whose `__main__` was not imported yet
        del sys.modules[module]
    return module


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as _server:
        _module = serve(_server)
    runpy.run_module(_module, run_name="__main__", alter_sys=True)

"""What tests of the review component need: its parts on screen, the journal read without our code, a line that can be cut."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driver import Screen, free_port

DESK = ".review"
EVERY = "&mis-kind=every+image"


def rows(
    journal: Path, columns: str = "key, batch, action, image_id, label, who, target"
) -> list[tuple[Any, ...]]:
    """Entries as they lie in the SQLite file, oldest first."""
    if not journal.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=20)) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone()
        return connection.execute(f"SELECT {columns} FROM entries ORDER BY id").fetchall() if known else []


def recorded(journal: Path) -> list[tuple[Any, ...]]:
    """(action, image, label) of each entry."""
    return rows(journal, "action, image_id, label")


def images(journal: Path) -> list[str]:
    """The image of each entry."""
    return [image for (image,) in rows(journal, "image_id")]


def face(screen: Screen) -> str:
    """The image on screen."""
    return str(screen.page.locator(f"{DESK} figure.face").get_attribute("data-id"))


def until(what: Any, wanted: Any, timeout: float = 30) -> None:
    """Wait until a function returns what is wanted."""
    deadline = time.monotonic() + timeout
    while (found := what()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == wanted


def unsaved(screen: Screen) -> int:
    """The count of decisions that are not saved, as it is on screen."""
    return int(screen.page.locator(f"{DESK} .state").get_attribute("data-unsaved") or 0)


def waiting(screen: Screen) -> int:
    """The count of keys that wait for their face."""
    return int(screen.page.locator(f"{DESK} .state").get_attribute("data-waiting") or 0)


def all_saved(screen: Screen, timeout: float = 60) -> None:
    """Wait until no key waits and no decision is unsaved."""
    done = f'{DESK} .state.saved[data-waiting="0"]'
    screen.page.locator(done).wait_for(timeout=timeout * 1000, state="attached")


def ready(screen: Screen) -> None:
    """Wait until the first face, or group, is drawn."""
    screen.page.locator(f"{DESK} canvas:visible").first.wait_for(timeout=60_000)
    screen.still()


def type_fast(screen: Screen, keys: list[str], rate: float = 10) -> float:
    """Press keys at a steady rate, however busy the machine is; returns the rate that was reached."""
    began = time.monotonic()
    for number, key in enumerate(keys):
        wait = began + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        screen.page.keyboard.press(key)
    return (len(keys) - 1) / (time.monotonic() - began)


@contextlib.contextmanager
def busy(cores: int = 2) -> Iterator[None]:
    """Processes that keep the processors busy meanwhile."""
    spin = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in spin:
            process.kill()
            process.wait()


class Line:
    """A line to the server that can be cut: every connection goes through it."""

    def __init__(self, port: int) -> None:
        self.target, self.port = port, free_port()
        self.whole, self.ends = True, list[socket.socket]()
        self.door = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self.whole = False
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.whole = True

    def close(self) -> None:
        self.cut()
        self.door.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.door.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.target), 2) if self.whole else None
                except OSError:
                    far = None
                if far is None:
                    near.close()
                    continue
                far.settimeout(None)
                self.ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    def _copy(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.close()

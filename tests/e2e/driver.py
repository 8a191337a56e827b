"""What browser tests drive: a server of the app, and a page with the few moves every test makes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
STILL = """() => { const a = document.querySelector('[data-testid="stApp"]');
  return a && a.getAttribute('data-test-script-state') === 'notRunning'
    && !document.querySelector('[data-testid="stSkeleton"]'); }"""

SHOWN = """() => [...document.querySelectorAll('[data-testid="stCameraInput"] video')].some(
  v => v.checkVisibility() && v.videoWidth && v.readyState >= 3 && v.currentTime > 0)"""
"""A camera has frames to show."""


@dataclass
class App:
    """A server of the app on a workspace; can be stopped and started again."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(default=Path())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.log = self.home / "server.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(self.port)],
                cwd=ROOT, env={**os.environ, "FER_HOME": str(self.home)}, stdout=log, stderr=log,
            )  # fmt: skip
        for _ in range(240):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.25)
        raise AssertionError("the app did not start: " + self.log.read_text()[-2000:])

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)


def fake_camera(path: Path) -> Path:
    """A video for Chromium's fake camera: one drawn face that sways a little, as Motion JPEG.

    It is large: smaller ones are missed in one photo of seven, by how the browser scales them."""
    from PIL import Image
    from scenes import easy_seeds, scene

    (seed,) = easy_seeds(1)
    with open(path, "wb") as file:
        for step in (*range(0, 30, 3), *range(30, 0, -3)):
            Image.fromarray(scene({seed: (170 + step, 90, 290)})).convert("RGB").save(
                file, "JPEG", quality=90
            )
    return path


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Screen:
    """A page in the browser, with the few moves every test makes."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.url}/{path}")
        self.still()

    def still(self) -> None:
        """Wait until the script has run and nothing is being redrawn."""
        self.page.wait_for_timeout(250)
        self.page.wait_for_function(STILL, timeout=60_000)
        self.page.wait_for_timeout(150)

    def go(self, name: str) -> None:
        self.page.get_by_test_id("stSidebarNav").get_by_text(name, exact=True).click()
        self.page.get_by_test_id("stMain").get_by_role("heading", level=1).wait_for()
        self.still()

    def press(self, name: str, exact: bool = False, told: str = "") -> None:
        """Press a button; `told` is seen before the page rests, as a note that passes has to be."""
        self.page.get_by_test_id("stMain").get_by_role("button", name=name, exact=exact).first.click()
        if told:
            self.sees(told, timeout=60)
        self.still()

    def take_photo(self) -> None:
        """Press Take Photo of the camera that is shown, once it shows something: a press before that takes no photo."""
        self.page.wait_for_function(SHOWN, timeout=60_000)
        self.page.get_by_role("button", name="Take Photo").last.click()

    def sees(self, text: str, timeout: float = 30) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=timeout * 1000)

    def numbers(self) -> dict[str, str]:
        """The strip of numbers: what it is -> value."""
        cards = self.page.locator('[data-testid="stMain"] .fer-stat').all()
        return {c.locator("span").inner_text(): c.locator("b").inner_text() for c in cards}

    def expect(self, what: str, value: str, timeout: float = 60) -> None:
        """Wait until one of the numbers is `value`."""
        deadline = time.monotonic() + timeout
        while self.numbers().get(what) != value and time.monotonic() < deadline:
            self.page.wait_for_timeout(100)
        assert self.numbers().get(what) == value

    def no_exception(self) -> None:
        assert self.page.locator('[data-testid="stException"]').count() == 0
        assert "Traceback" not in self.page.locator("body").inner_text()
        assert not self.errors, self.errors

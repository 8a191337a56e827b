"""The app keeps to itself: libraries do not call out or write into the home, and strange host names are refused."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from served_options import served_with

from fer_core.ui.shell.http_guard import HttpGuard

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "shipped" / "model.onnx"


def test_onnx_runtime_writes_nothing_into_the_home(tmp_path: Path) -> None:
    """Its telemetry would keep a device id and a database there, and look up a host of its maker."""
    code = (
        "import fer_core, onnxruntime, time\n"
        f"onnxruntime.InferenceSession({str(MODEL)!r}, providers=['CPUExecutionProvider'])\n"
        "time.sleep(0.5)"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment | {"HOME": str(tmp_path)}, check=False,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == []


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The served app."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number = int(found.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(number)]
    home = str(tmp_path_factory.mktemp("served"))
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"FER_HOME": home}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", number), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield number
    process.terminate()
    process.wait(20)


def handshake(port: int, host: str, origin: str = "") -> str:
    """The first line of the answer to a websocket asked for under a host name."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /_stcore/stream HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Origin: {origin or f'http://{host}:{port}'}",
        "Sec-WebSocket-Protocol: streamlit", "", "",
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), 20) as link:
        link.sendall("\r\n".join(lines).encode())
        return link.recv(4096).decode("latin-1").splitlines()[0]


def test_a_page_of_another_origin_is_refused_at_once(port: int) -> None:
    """Streamlit would look up the machine's external address first, for seconds, while nobody else is answered."""

    def seconds(ask: Callable[[], object]) -> float:
        started = time.monotonic()
        for _ in range(40):
            ask()
        return time.monotonic() - started

    def foreign() -> None:
        assert " 403 " in handshake(port, "127.0.0.1", "http://evil.example")

    plain = seconds(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health").read())
    assert seconds(foreign) < 4 * plain + 2


def test_every_answer_says_what_a_browser_may_do_with_it(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
        assert "http" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("address", "opened", "status"),
    [
        ("127.0.0.1", "", 200),
        ("::1", "", 200),
        ("10.1.2.3", "", 403),
        ("10.1.2.3", "1", 200),
        ("2001:db8::1", "0", 403),
    ],
)
def test_other_machines_are_let_in_only_where_somebody_said_so(
    monkeypatch: pytest.MonkeyPatch, address: str, opened: str, status: int
) -> None:
    monkeypatch.setenv("FER_OPEN", opened)
    told: list[dict[str, object]] = []

    async def app(
        scope: object, receive: object, send: Callable[[dict[str, object]], Awaitable[None]]
    ) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, object]) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "server": (address, 8501),
        "headers": [(b"host", b"somewhere:8501" if opened == "1" else b"127.0.0.1:8501")],
    }
    named = {"server.allowedHosts": ["somewhere"]} if opened == "1" else {}
    with served_with(named):
        asyncio.run(HttpGuard(app)(scope, None, send))
    assert told[0]["status"] == status
    assert status == 200 or b"FER_OPEN=1" in told[1]["body"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_machine_is_let_in(port: int, host: str) -> None:
    assert " 101 " in handshake(port, host)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"])
def test_another_name_for_this_machine_is_refused(port: int, host: str) -> None:
    assert " 403 " in handshake(port, host)

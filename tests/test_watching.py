"""Whoever watches the app: `/healthz`, lines of JSON, a report of each fault, and nobody under a foreign name."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import shutil
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served_options import served_with
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from fer_core import cli
from fer_core.base import crash, json_log
from fer_core.base.errors import NotFound
from fer_core.base.workspace import Workspace
from fer_core.cli.work import work
from fer_core.recipes.recipe import load
from fer_core.runs.store import create_run
from fer_core.scheduling import queue
from fer_core.ui.shell.http_guard import HttpGuard
from fer_core.upkeep import health

Send = Callable[[dict[str, Any]], Awaitable[None]]


def ask(path: str, host: str = "127.0.0.1:8501") -> tuple[int, bytes]:
    """What the guard answers, or the page behind it (200, "page")."""
    told: list[dict[str, Any]] = []

    async def page(scope: object, receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "server": ("127.0.0.1", 8501), "headers": [(b"host", host.encode())],
    }  # fmt: skip
    asyncio.run(HttpGuard(page)(scope, None, send))
    return int(told[0]["status"]), bytes(told[1]["body"])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    return Workspace(tmp_path)


def test_health_says_whether_the_disk_takes_anything_and_the_queue_goes_on(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, body = ask("/healthz")
    told = json.loads(body)
    assert (status, told["ok"], told["writable"], told["waiting"]) == (200, True, True, 0)
    assert 0 <= told["loop_ms"] < 5000
    run = create_run(home, "faces", "0123", load("compact"))
    assert json.loads(ask("/healthz")[1])["advancing"]  # it has just come
    os.utime(run.folder / "run.json", (time.time() - 600, time.time() - 600))
    status, body = ask("/healthz")
    assert (status, json.loads(body)["advancing"], json.loads(body)["waiting"]) == (503, False, 1)
    monkeypatch.setattr(queue, "waiting", lambda workspace: [])

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(health, "write_atomic", refuse)
    status, body = ask("/healthz")
    assert (status, json.loads(body)["trouble"]) == (503, "Read-only file system")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8501", 200), ("localhost:8501", 200), ("[::1]:8501", 200),
        ("evil.example:8501", 403), ("127.0.0.1.evil.example", 403), ("10.1.2.3:8501", 403),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/healthz", "/_stcore/health"])
def test_a_foreign_name_for_this_machine_is_refused_on_plain_http(
    home: Workspace, monkeypatch: pytest.MonkeyPatch, path: str, host: str, status: int
) -> None:
    monkeypatch.delenv("FER_OPEN", raising=False)
    assert ask(path, host)[0] == status


def test_a_disk_that_takes_an_empty_file_alone_is_not_writable(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a full one does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, before[1]))
    try:
        (home.root / "empty").touch()
        status, body = ask("/healthz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (status, json.loads(body)["writable"]) == (503, False)

    def unknown(path: Path) -> None:
        raise OSError

    monkeypatch.setattr(shutil, "disk_usage", unknown)
    assert json.loads(ask("/healthz")[1])["free_bytes"] is None


def test_a_queue_that_stands_still_is_told_until_something_comes_of_it(home: Workspace) -> None:
    first, ended = (create_run(home, "faces", "0123", load("compact")) for _ in range(2))
    ended.update(state="finished")
    for run in (first, ended):
        os.utime(run.folder / "run.json", (time.time() - 36_000, time.time() - 36_000))
    assert not health.check(home).advancing
    create_run(home, "faces", "0123", load("compact"))
    assert not health.check(home).advancing  # one more that waits is no work
    (ended.folder / "run.json").touch()
    assert health.check(home).advancing  # one has just ended: the next begins in a moment


@pytest.mark.parametrize(
    ("names", "opened", "host", "path", "status"),
    [
        (["*"], "1", "fer.lab:80", "/", 200),
        (["*.example.com"], "1", "fer.example.com", "/", 200),
        (["*.example.com"], "1", "example.org", "/", 403),
        (["localhost", "127.0.0.1", "::1"], "1", "evil.example:8501", "/", 403),  # as shipped
        (["fer.lab"], "1", "127.0.0.1:8501", "/", 403),
        (["fer.lab"], "1", "127.0.0.1:8501", "/healthz", 200),
        (["fer.lab"], "1", "evil.example", "/healthz", 403),
        ([], "1", "fer.lab", "/", 200),
        ([], "", "fer.lab", "/", 403),
        ([], "", "localhost:8501", "/", 200),
        ([], "", "[::1", "/", 403),
    ],
)
def test_names_are_those_streamlit_allows(
    home: Workspace, monkeypatch: pytest.MonkeyPatch, names: list[str], opened: str, host: str, path: str, status: int
) -> None:  # fmt: skip
    monkeypatch.setenv("FER_OPEN", opened)
    with served_with({"server.allowedHosts": names}):
        assert ask(path, host)[0] == status
        if names and path == "/":
            assert is_host_allowed(host) == (status == 200)


def test_the_names_that_are_shipped_open_a_websocket() -> None:
    assert all(is_host_allowed(host) for host in ("localhost:8501", "127.0.0.1:8501", "[::1]:8501"))


@pytest.mark.parametrize("base", ["fer", "/fer/"])
def test_health_is_told_below_the_base_path_too(home: Workspace, base: str) -> None:
    with served_with({"server.baseUrlPath": base}):
        assert [b'"ok": true' in ask(path)[1] for path in ("/healthz", "/fer/healthz", "/fer/healthz/")] == [
            True
        ] * 3
        assert ask("/other/healthz") == (200, b"page")


def test_the_log_is_lines_of_json_with_request_dataset_and_run(
    home: Workspace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FER_LOG", "json")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    before = [(name, logging.getLogger(name).handlers) for name in ("", *logging.root.manager.loggerDict)]
    try:
        json_log.configure()
        ask("/explore")
        with pytest.raises(ZeroDivisionError), work(home.jobs / "1"):
            raise ZeroDivisionError
        with json_log.context(dataset="faces", run="0041-compact"):
            try:
                raise ValueError("no")
            except ValueError:
                logging.getLogger("fer_core.training").exception("The run failed")
    finally:
        for name, handlers in before:
            logging.getLogger(name).handlers = handlers
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    asked = next(line for line in lines if line.get("request") == "/explore")
    assert asked["message"].startswith("GET /explore 200")
    assert "ZeroDivisionError" in lines[-2]["trace"]
    failed = lines[-1]
    assert (failed["level"], failed["dataset"], failed["run"]) == ("error", "faces", "0041-compact")
    assert "ValueError: no" in failed["trace"]


def test_a_fault_leaves_a_report_without_pictures_and_names(
    home: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(workspace: Workspace) -> None:
        pixels = np.arange(2304, dtype=np.uint8)
        try:
            raise NotFound("There is no such subject", received="Erika Mustermann")
        except NotFound as error:
            raise KeyError(f"Erika Mustermann {len(pixels)}") from error

    monkeypatch.setattr("fer_core.data.datasets.list_datasets", fail)
    assert cli.run(["datasets"]) == 1
    (path,) = (home.root / crash.FOLDER).glob("*.json")
    assert str(path) in capsys.readouterr().err
    report = json.loads(path.read_text())
    assert report["about"] == {"verb": "datasets"}
    error, before = report["errors"]
    assert (error["kind"], error["message"]) == ("KeyError", "")
    assert (before["kind"], before["message"]) == ("NotFound", "There is no such subject")
    assert "Erika" not in path.read_text()
    assert error["trace"][-1].endswith(" fail")
    assert report["versions"].keys() >= {"fer", "python", "numpy"}
    assert path.stat().st_size < 4000  # no values of variables


def test_so_many_reports_are_kept_and_no_more(home: Workspace) -> None:
    for number in range(60):
        crash.write_report(home.root, ValueError(str(number)), page="Train")
    assert len(list((home.root / crash.FOLDER).iterdir())) == 50

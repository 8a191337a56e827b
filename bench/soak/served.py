"""Fifty sessions at once while a run trains: how long a page takes, and whether the server grows."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median, quantiles

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench.soak.figures import Figures
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.mislabels import judges
from fer_core.runs import store
from fer_core.scheduling import start

ROOT = Path(__file__).parents[2]
SESSIONS = 50
_PAGES = ("home", "explore", "duplicates", "mislabels", "stratify", "train", "compare", "predict", "doctor")
_THINK = (4.0, 16.0)  # seconds between two pages of a session


def sessions(figures: Figures, folder: Path, until: float) -> None:
    """Serve the app and visit it until then."""
    workspace = Workspace(folder / "home")
    faces = make_sample(workspace, "faces", count=600)
    judges.ranked(faces, faces.head, "quick")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"FER_HOME": str(workspace.root), "PYTHONPATH": str(ROOT)}
    words = ["-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    train = [
        "-m",
        "fer_core",
        "train",
        "--dataset",
        "faces",
        "--recipe",
        "compact",
        "--set",
        "training.epochs=100000",
    ]
    begun = [
        subprocess.Popen(
            [sys.executable, *each], cwd=ROOT, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for each in (words, train)
    ]  # fmt: skip
    try:
        _ready(port)
        _visit(figures, port, psutil.Process(begun[0].pid), until)
    finally:
        for process in begun:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()
        start.stop(store.list_runs(workspace)[0])


def _ready(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("The app does not answer")


def _visit(figures: Figures, port: int, server: psutil.Process, until: float) -> None:
    taken: list[float] = []
    failed: list[str] = []
    memory: list[float] = []

    async def everybody() -> None:
        left = until - time.monotonic()
        await asyncio.gather(
            *(_session(port, number, until, taken, failed) for number in range(SESSIONS)),
            _watch(server, left, memory),
        )

    asyncio.run(everybody())
    for each in failed[:5]:
        figures.broke("served", each)
    half = memory[len(memory) // 2 :]
    edge = max(len(half) // 5, 1)
    figures.add(
        "served", sessions=SESSIONS, pages=len(taken), failed_pages=len(failed), p50_ms=1000 * median(taken),
        p95_ms=1000 * quantiles(taken, n=20)[-1], memory_mb=memory[-1], growth_mb=median(half[-edge:]) - median(half[:edge]),
    )  # fmt: skip


async def _watch(server: psutil.Process, seconds: float, memory: list[float]) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        memory.append(server.memory_info().rss / 1e6)
        await asyncio.sleep(2)


async def _session(port: int, number: int, until: float, taken: list[float], failed: list[str]) -> None:
    """One visitor, who goes from page to page."""
    chance = random.Random(number)
    await asyncio.sleep(chance.uniform(0, _THINK[1]))
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    async with connect(
        address,
        origin=f"http://127.0.0.1:{port}",
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,  # type: ignore[arg-type]
    ) as line:
        await _page(line, "home", chance)  # the first one imports the page's modules
        while time.monotonic() < until:
            name = chance.choice(_PAGES)
            began = time.monotonic()
            wrong = await asyncio.wait_for(_page(line, name, chance), 180)
            taken.append(time.monotonic() - began)
            if wrong:
                failed.append(f"{name}: {wrong}")
            await asyncio.sleep(chance.uniform(*_THINK))


async def _page(line: object, name: str, chance: random.Random) -> str:
    """Ask for a page and read until it is drawn; what went wrong, or ""."""
    ask = BackMsg(
        rerun_script=ClientState(page_name="" if name == "home" else name, query_string="dataset=faces")
    )
    await line.send(ask.SerializeToString())  # type: ignore[attr-defined]
    wrong = ""
    while True:
        told = ForwardMsg()
        told.ParseFromString(await line.recv())  # type: ignore[attr-defined]
        kind = told.WhichOneof("type")
        if kind == "delta" and told.delta.new_element.WhichOneof("type") == "exception":
            wrong = told.delta.new_element.exception.message
        if kind == "script_finished" and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return wrong

"""The app in use: fifty sessions at once while a run trains, and an hour of a few who come and go."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path
from statistics import median, quantiles

import psutil

from bench.soak.figures import Figures
from bench.soak.visitor import PAGES, ROOT, Visitor, end, served, visiting
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.mislabels import judges
from fer_core.review.journal import Journal
from fer_core.runs import store
from fer_core.scheduling import start

SESSIONS = 50
_THINK = (4.0, 16.0)  # seconds between two pages of a session
_EVERY = 30.0  # seconds between two measurements


def _made(folder: Path) -> Dataset:
    if (folder / "home" / "data" / "faces").is_dir():
        return open_dataset(Workspace(folder / "home"), "faces")
    faces = make_sample(Workspace(folder / "home"), "faces", count=600)
    judges.ranked(faces, faces.head, "quick")
    return faces


def sessions(figures: Figures, folder: Path, until: float) -> None:
    """Fifty sessions during a training: how long a page takes, and what the server grows by."""
    workspace = _made(folder).workspace
    train = [
        *("-m", "fer_core", "train", "--dataset", "faces", "--recipe", "compact"),
        "--set",
        "training.epochs=100000",
    ]
    begun = subprocess.Popen(
        [sys.executable, *train], cwd=ROOT, start_new_session=True,
        env=os.environ | {"FER_HOME": str(workspace.root), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with served(workspace.root) as (port, server):
            asyncio.run(_everybody(figures, port, server, until))
    finally:
        end(begun)
        start.stop(store.list_runs(workspace)[0])


async def _everybody(figures: Figures, port: int, server: psutil.Process, until: float) -> None:
    taken: list[float] = []
    failed: list[str] = []
    memory: list[float] = []
    began = server.cpu_times()

    async def watch() -> None:
        while time.monotonic() < until:
            memory.append(server.memory_info().rss / 1e6)
            await asyncio.sleep(2)

    await asyncio.gather(
        *(_session(port, number, until, taken, failed) for number in range(SESSIONS)), watch()
    )
    for each in failed[:5]:
        figures.broke("sessions", each)
    half = memory[len(memory) // 2 :]
    edge = max(len(half) // 5, 1)
    busy = server.cpu_times().user + server.cpu_times().system - began.user - began.system
    figures.add(
        "sessions", sessions=SESSIONS, pages=len(taken), failed_pages=len(failed), p50_ms=1000 * median(taken),
        p95_ms=1000 * quantiles(taken, n=20)[-1], cpu_of_a_page_ms=1000 * busy / len(taken),
        memory_mb=memory[-1], growth_mb=median(half[-edge:]) - median(half[:edge]),
    )  # fmt: skip


async def _session(port: int, number: int, until: float, taken: list[float], failed: list[str]) -> None:
    """One visitor, who goes from page to page."""
    chance = random.Random(number)
    await asyncio.sleep(chance.uniform(0, _THINK[1]))
    async with visiting(port) as visitor:
        await visitor.page("home")  # the first one imports the page's modules
        while time.monotonic() < until:
            name = chance.choice(PAGES)
            began = time.monotonic()
            wrong = await visitor.page(name)
            taken.append(time.monotonic() - began)
            if wrong:
                failed.append(f"{name}: {wrong}")
            await asyncio.sleep(chance.uniform(*_THINK))


def used(figures: Figures, folder: Path, until: float) -> None:
    """Visitors come, look at every page, decide on ten faces and go: memory, open files, threads and files of the server."""
    faces = _made(folder)
    figures.add("used", lost=0)
    with served(faces.workspace.root) as (port, server):
        asyncio.run(_use(figures, faces, port, server, folder / "measured.jsonl", until))


async def _use(
    figures: Figures, faces: Dataset, port: int, server: psutil.Process, measured: Path, until: float
) -> None:
    chance, rows = random.Random(int(time.time())), faces.manifest()
    images = rows.loc[rows["error"] == "", "image_id"].tolist()
    samples: list[dict[str, float]] = []
    began = last = time.monotonic()
    while figures.goes_on("used", until):
        async with visiting(port) as visitor:
            await _round(figures, visitor, chance.sample(images, 10), faces, chance)
        now = time.monotonic()
        figures.add("used", visits=1, seconds_used=round(now - began))
        began += round(now - began)
        if now - last >= _EVERY:
            last = now
            samples.append(_measure(server, faces.workspace))
            with open(measured, "a") as file:
                file.write(
                    json.dumps({"seconds": figures.parts["used"]["seconds_used"], **samples[-1]}) + "\n"
                )
    if len(samples) < 10:
        return
    half = samples[len(samples) // 2 :]
    edge = max(len(half) // 5, 1)
    for name in samples[0]:
        first, after = (median(each[name] for each in part) for part in (half[:edge], half[-edge:]))
        figures.add("used", **{f"{name}_at_half_at_end": first, f"{name}_at_end": after})


async def _round(
    figures: Figures, visitor: Visitor, images: list[str], faces: Dataset, chance: random.Random
) -> None:
    for name in PAGES:
        if wrong := await visitor.page(name):
            figures.broke("used", f"{name}: {wrong}")
        figures.add("used", pages=1, failed_pages=int(bool(wrong)))
        if name == "mislabels":
            sent = [
                {
                    "id": uuid.uuid4().hex,
                    "action": chance.choice(("keep", "delete")),
                    "images": [image],
                    "who": "Ada",
                }
                for image in images
            ]
            saved = await visitor.decide(sent)
            lost = set(saved) - set(Journal(faces.journal_path).decisions(active_only=False)["key"])
            if lost or len(saved) < len(sent):
                figures.broke(
                    "used", f"{len(sent) - len(saved)} decisions are not acknowledged, {len(lost)} are lost"
                )
            figures.add("used", decisions=len(saved), lost=len(lost))
        await asyncio.sleep(chance.uniform(0.5, 2))


def _measure(server: psutil.Process, workspace: Workspace) -> dict[str, float]:
    every = [server, *server.children(recursive=True)]
    return {
        "memory_mb": sum(each.memory_info().rss for each in every) / 1e6,
        "descriptors": server.num_fds(),
        "threads": server.num_threads(),
        "processes": len(every),
        "files": sum(path.is_file() for path in workspace.root.rglob("*")),
        "temporary": len(list(Path("/tmp").glob("fer-*"))),
    }

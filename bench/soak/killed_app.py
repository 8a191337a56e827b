"""The served app killed with -9 while visitors decide: what it acknowledged is there, what is sent again counts once."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from contextlib import suppress
from pathlib import Path

from websockets.exceptions import WebSocketException

from bench.soak.figures import Figures
from bench.soak.killed import made
from bench.soak.visitor import served, visiting
from fer_core.data.datasets import open_dataset
from fer_core.mislabels import judges
from fer_core.review.journal import Journal

_NAME = "killed while serving"
_VISITORS = 3


def serving(figures: Figures, folder: Path, until: float) -> None:
    """Three visitors decide; the server is killed at any moment, started again, and told again what it did not acknowledge."""
    workspace, chance = made(folder / "home"), random.Random(int(time.time()))
    faces = open_dataset(workspace, "faces")
    judges.ranked(faces, faces.head, "quick")
    rows = faces.manifest()
    images = rows.loc[rows["error"] == "", "image_id"].tolist()
    kept = folder / "presses.json"  # of all calls: id -> whether it was acknowledged
    presses: dict[str, bool] = json.loads(kept.read_text()) if kept.is_file() else {}
    while figures.goes_on(_NAME, until):
        with served(workspace.root) as (port, server):

            async def everybody(port: int = port) -> None:
                await asyncio.gather(*(_decide(port, images, presses, chance) for _ in range(_VISITORS)))

            async def killed() -> None:
                begun = sum(presses.values())
                at_work = asyncio.create_task(everybody())
                while sum(presses.values()) < begun + _VISITORS and not at_work.done():
                    await asyncio.sleep(0.05)
                await asyncio.sleep(chance.uniform(0, 4))
                server.kill()
                with suppress(WebSocketException, ConnectionError):
                    await at_work

            asyncio.run(killed())
        kept.write_text(json.dumps(presses))
        entries = Journal(faces.journal_path).decisions(active_only=False)["key"]
        lost = [name for name, saved in presses.items() if saved and name not in set(entries)]
        twice = int(entries.duplicated().sum())
        if lost or twice:
            figures.broke(_NAME, f"{len(lost)} acknowledged decisions are lost, {twice} are there twice")
        figures.add(_NAME, kills=1, lost=len(lost), not_repeatable=twice)
    figures.add(_NAME, decisions=sum(presses.values()) - figures.parts.get(_NAME, {}).get("decisions", 0))


async def _decide(port: int, images: list[str], presses: dict[str, bool], chance: random.Random) -> None:
    """Until the line is cut; first what an earlier server was told and did not acknowledge."""
    async with visiting(port) as visitor:
        await visitor.page("mislabels")
        while True:
            again = [name for name, saved in presses.items() if not saved][:20]
            names = again or [uuid.uuid4().hex for _ in range(chance.randint(1, 5))]
            presses.update(dict.fromkeys(names, False))
            sent = [
                {"id": name, "action": "keep", "images": [images[int(name, 16) % len(images)]], "who": "Ada"}
                for name in names
            ]
            for name in await visitor.decide(sent):
                presses[name] = True

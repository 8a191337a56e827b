"""The app served, and visitors who speak with it as a browser does: pages asked for, faces decided."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

ROOT = Path(__file__).parents[2]
PAGES = ("home", "explore", "duplicates", "mislabels", "stratify", "train", "compare", "predict", "doctor")


@contextmanager
def served(home: Path) -> Iterator[tuple[int, psutil.Process]]:
    """The app on a workspace: its port and its process, which is killed at the end with all it started."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with open(home / "server.log", "ab") as log:
        begun = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)],
            cwd=ROOT, env=os.environ | {"FER_HOME": str(home), "PYTHONPATH": str(ROOT)},
            start_new_session=True, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _ready(port)
        yield port, psutil.Process(begun.pid)
    finally:
        end(begun)


def end(begun: subprocess.Popen[bytes]) -> None:
    """Kill a process with all it started; one that is gone already is no fault."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(begun.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
    begun.kill()
    begun.wait()


def _ready(port: int) -> None:
    for _ in range(900):
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise TimeoutError("The app does not answer")


class Visitor:
    """One session.

    Attributes:
        told: what the review component was told last.
    """

    def __init__(self, line: ClientConnection) -> None:
        self._line, self._component, self._message = line, "", 0
        self.told: dict[str, Any] = {}

    async def page(self, name: str, message: Mapping[str, Any] | None = None) -> str:
        """Ask for a page and read until it is drawn; what went wrong, or ""."""
        said = (
            []
            if message is None
            else [WidgetState(id=self._component, json_value=json.dumps({"message": message}))]
        )
        ask = ClientState(
            page_name="" if name == "home" else name,
            query_string="dataset=faces",
            widget_states=WidgetStates(widgets=said),
        )
        await self._line.send(BackMsg(rerun_script=ask).SerializeToString())
        wrong = ""
        while True:
            told = ForwardMsg()
            told.ParseFromString(bytes(await asyncio.wait_for(self._line.recv(), 180)))  # type: ignore[arg-type]
            kind = told.WhichOneof("type")
            if kind == "delta" and told.delta.HasField("new_element"):
                element = told.delta.new_element
                if element.WhichOneof("type") == "exception":
                    wrong = element.exception.message
                elif (
                    element.WhichOneof("type") == "bidi_component"
                    and "receipt" in element.bidi_component.json
                ):
                    self._component = element.bidi_component.id
                    self.told = json.loads(element.bidi_component.json)
            if kind == "script_finished" and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return wrong

    async def decide(self, presses: Sequence[Mapping[str, Any]]) -> list[str]:
        """Send presses on *Wrong labels*; the ids of those that were acknowledged. The page must have been drawn."""
        self._message += 1
        message = {
            "v": self._message,
            "visit": self.told["visit"],
            "have": -1,
            "need": 20,
            "at": 0,
            "want": "",
        }
        wrong = await self.page("mislabels", message | {"ops": list(presses)})
        receipt = self.told["receipt"]
        if wrong or receipt["problem"] or receipt["refused"]:
            raise RuntimeError(f"Not taken in: {wrong} {receipt}")
        return list(receipt["saved"]) if receipt["v"] == self._message else []


@asynccontextmanager
async def visiting(port: int) -> AsyncIterator[Visitor]:
    """A visitor, who goes at the end."""
    async with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
    ) as line:
        yield Visitor(line)

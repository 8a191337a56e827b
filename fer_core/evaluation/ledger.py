"""Who has looked at a test split, and when: an append-only file that nothing switches off.

A test score is honest while nobody has chosen anything by it. Training predicts the test split but scores it only
when somebody asks to see the result; every such look is a line of `models/test-reads.jsonl`, written before the
score is shown:

    {"time": "2026-03-01T10:00:00.123456+00:00", "run": "0041-compact", "dataset": "faces", "version": "a91f...",
     "images": 1767, "via": "page"}

A run is clean if no line older than its last choice is about a test split with pictures it is tested on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict, cast

from fer_core.base.errors import FerError
from fer_core.base.jsonl import append_line
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import readable

HELD = "test"
"""The split that is kept from choices."""
FILE = "test-reads.jsonl"
_SAME = (
    0.01  # share of pictures two test splits have in common from which a look at one is a look at the other
)


class TestRead(TypedDict):
    """A line of the ledger: one look at `images` test pictures of a version, by `page`, `cli` or what else showed it."""

    time: str
    run: str
    dataset: str
    version: str
    images: int
    via: str


@dataclass(frozen=True)
class Standing:
    """What the ledger says of a run.

    Attributes:
        reads: looks at this run's own test result.
        peeked: looks, of any run, at these test pictures before the run's last choice.
    """

    reads: int
    peeked: int

    @property
    def clean(self) -> bool:
        return self.peeked == 0

    @property
    def words(self) -> str:
        """`clean` or `tuned after test 2×`."""
        return "clean" if self.clean else f"tuned after test {self.peeked}×"


def record(workspace: Workspace, run: str, dataset: str, version: str, images: int, via: str) -> None:
    """Write down one look, before it happens; on the disk when this returns.

    Args:
        run: its id.
        dataset, version: whose test split.
        images: how many of it were scored.
        via: `page`, `cli` or what else showed it.

    Raises:
        OSError: it cannot be written; then nothing may be shown.
    """
    time = datetime.now(UTC).isoformat(timespec="microseconds")
    row: TestRead = {
        "time": time,
        "run": run,
        "dataset": dataset,
        "version": version,
        "images": images,
        "via": via,
    }
    append_line(workspace.models / FILE, row, durable=True)


def reads(workspace: Workspace) -> list[TestRead]:
    """Every look, oldest first. A damaged line still is a look: it comes back with its text as `run`."""
    path = workspace.models / FILE
    try:
        about = path.stat()
    except FileNotFoundError:
        return []
    return list(_entries(path, about.st_size, about.st_mtime_ns))


@lru_cache(maxsize=4)
def _entries(path: Path, size: int, changed: int) -> tuple[TestRead, ...]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(_entry(line) for line in lines if line.strip())


def _entry(line: str) -> TestRead:
    known: TestRead = {
        "time": "",
        "run": line[:60],
        "dataset": "",
        "version": "",
        "images": 0,
        "via": "damaged line",
    }
    try:
        found = json.loads(line)
    except ValueError:
        return known
    return cast(TestRead, {**known, **found}) if isinstance(found, dict) else known


def standing(workspace: Workspace, row: Mapping[str, Any], log: Iterable[TestRead]) -> Standing:
    """What the ledger says of a run.

    Args:
        workspace: where the versions are.
        row: run, dataset, version, created and resumed of the run, as `leaderboard.rows` has them. The recipe was chosen
            when the run was made, or when it was resumed; the epoch by validation alone.
        log: `reads(workspace)`.
    """
    chosen = _moment(str(row.get("resumed") or row.get("created") or ""))
    own = before = 0
    for look in log:
        if look["run"] == row["run"]:
            own += 1
        if (chosen is None or _before(look["time"], chosen)) and same_pictures(
            workspace,
            (str(look["dataset"]), str(look["version"])),
            (str(row["dataset"]), str(row["version"])),
        ):
            before += 1
    return Standing(own, before)


def same_pictures(workspace: Workspace, one: tuple[str, str], two: tuple[str, str]) -> bool:
    """Whether two (dataset, version) have test pictures in common, one in a hundred or more."""
    if one == two:
        return True
    first, second = (_pictures(workspace.root, *each) for each in sorted((one, two)))
    least = min(len(first), len(second))
    return least > 0 and len(first & second) >= max(1, _SAME * least)


@lru_cache(maxsize=64)
def _pictures(root: Path, dataset: str, version: str) -> frozenset[str]:
    """Pixel hashes of a test split; none where the version is gone."""
    try:
        manifest = readable(open_dataset(Workspace(root), dataset).manifest(version))
    except (FerError, OSError, ValueError):
        return frozenset()
    return frozenset(manifest.loc[manifest["split"] == HELD, "pixel_hash"])


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _before(time: str, chosen: datetime) -> bool:
    """Whether a look came before; one without a time counts as one. Runs are dated to the second, looks finer."""
    moment = _moment(time)
    return moment is None or moment.tzinfo is None or moment < chosen

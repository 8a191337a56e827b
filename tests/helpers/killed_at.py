"""Verbs killed before each file operation: a program of its own, whose children are forked from it.

    python tests/helpers/killed_at.py WORKSPACE SCRATCH MOST SEED VERB...        # one JSON document

The verb runs once to count its operations and once for each of some of them, on a copy of the workspace, where the process ends
right before that operation as by `kill -9`. Each time the copy must be usable, the verb is run again, and must end as it did
undisturbed.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import random
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fer_core import cli
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import list_datasets
from fer_core.review.journal import Journal
from fer_core.upkeep.sweep import sweep

_CALLS = ("replace", "rename", "mkdir", "rmdir", "unlink", "fsync", "link", "open")


class Count:
    """Operations so far; the process ends before number `last`."""

    def __init__(self, last: int | None) -> None:
        self.done, self._last = 0, last

    def __call__(self) -> None:
        if self.done == self._last:
            os._exit(9)
        self.done += 1


def watch(count: Count) -> None:
    """Count what this process asks of the file system from now on."""

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def told(*arguments: Any, **options: Any) -> Any:
            flags = arguments[1] if call is real_open and len(arguments) > 1 else os.O_CREAT
            if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
                count()
            return call(*arguments, **options)

        return told

    real_open = os.open
    for name in _CALLS:
        setattr(os, name, counted(getattr(os, name)))
    plain = io.open

    def opened(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if set(mode) & set("wax+"):
            count()
        return plain(file, mode, *arguments, **options)

    builtins.open = io.open = opened


def forked(home: Path, words: list[str], last: int | None = None) -> tuple[int, int]:
    """Run a verb in a child on this workspace: its status, and how many operations it took (-1 where it was killed)."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.close(reading)
        try:
            os.environ["FER_HOME"] = str(home)
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            errors = os.open(home.parent / "errors.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(errors, 2)
            count = Count(last)
            watch(count)
            status = cli.run(words)
            os.write(writing, str(count.done).encode())
            os._exit(status)
        except BaseException:
            traceback.print_exc()
            os._exit(70)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), int(told or -1)


def content(home: Path) -> dict[str, Any]:
    """What a workspace holds: datasets with their versions (ids are of their content), and decisions."""
    workspace, found = Workspace(home), {}
    for dataset in list_datasets(workspace):
        versions = sorted(version.id for version in dataset.versions())
        for version in versions:
            dataset.manifest(version)
        decisions = Journal(dataset.journal_path).decisions(active_only=False)
        said = sorted(decisions["image_id"] + decisions["action"])
        found[dataset.name] = {
            "head": dataset.head,
            "versions": versions,
            "said": said,
            "rows": len(dataset.pixels()),
        }
    return found


def main(source: Path, scratch: Path, most: int, seed: int, words: list[str]) -> dict[str, Any]:
    """See above."""
    home = scratch / "home"

    def fresh() -> None:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(source, home)

    fresh()
    before = content(home)
    status, count = forked(home, words)
    after = content(home)
    chosen = sorted(random.Random(seed).sample(range(count), min(most, count)))
    wrong: list[str] = []
    for last in chosen:
        fresh()
        if forked(home, words, last)[0] != 9:
            wrong.append(f"{last}: it was not killed")
        try:
            between = content(home)
            for name, known in before.items():  # nothing that was there is lost
                kept = between.get(name, {})
                if set(known["versions"]) - set(kept.get("versions", ())) or set(known["said"]) - set(
                    kept.get("said", ())
                ):
                    wrong.append(f"{last}: {name} lost something")
        except (FerError, OSError) as error:
            wrong.append(f"{last}: half visible: {error}")
        if (now := content(home)) == after and now != before:
            continue  # it was done, and not told yet: whoever asks again asks for more
        again = forked(home, words)[0]
        said = (scratch / "errors.txt").read_text()[-300:]
        if again != status and "is here already" not in said:
            wrong.append(f"{last}: again {again}: {said}")
        sweep(Workspace(home), young=0)
        if (ended := content(home)) != after:
            wrong.append(f"{last}: it ended otherwise: {ended} instead of {after}")
        left = [path.name for path in home.rglob(".*") if path.name.endswith((".tmp", ".gone"))]
        if left:
            wrong.append(f"{last}: {left} stayed")
    return {"status": status, "operations": count, "killed": len(chosen), "wrong": wrong}


if __name__ == "__main__":
    place, scratch, most, seed, *verb = sys.argv[1:]
    sys.stdout.write(json.dumps(main(Path(place), Path(scratch), int(most), int(seed), verb)) + "\n")

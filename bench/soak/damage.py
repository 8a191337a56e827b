"""Every kind of file x {half, middle garbled, gone, of another shape}: the doctor names it, and nothing else is harmed."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from bench.soak.figures import Figures
from bench.soak.killed import environment
from fer_core import cli
from fer_core.base.atomic import read_json, write_json
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, open_dataset
from fer_core.data.notes import write_note
from fer_core.data.sample.make import make_sample
from fer_core.review.journal import Journal
from fer_core.runs.store import list_runs
from fer_core.upkeep.doctor import examine

_HOW = {
    "half": lambda data: data[: len(data) // 2],
    "middle": lambda data: data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :],
    "gone": lambda data: None,
    "shape": lambda data: b'{"other": [1]}\n',
}
_FREE = {
    ".lock", "queue.json", "process.json", "claims.sqlite", "reserve", "checksums.jsonl", "truth.json",
    "log.txt", "progress.json", "runs-journal.jsonl", "events",
}  # fmt: skip
"""What means nothing once work has ended or tells of it alone, and the sums, without which files are told as not checked."""
_KNOWN = ("*.sums.json", "pixels/16*.npy gone", "answers-*.bin", "files/*.onnx", "quality/* gone")
"""What is not named, as docs/reliability.md says: sums themselves, what is made again, models that their owners replace."""


_VERBS = (
    "check faces", "duplicates faces", "mislabels faces --method quick", "review faces apply", "stratify faces",
    *(f"train --dataset faces --recipe compact --set epochs=2 --set input_size=16 --set seed={n}" for n in (1, 2)),
    "add-model {first}/model.onnx --name added", "ensemble {names} --save both", "promote {name}", "compare",
)  # fmt: skip
"""What makes one file of each kind."""


def _made(home: Path) -> Workspace:
    workspace = Workspace(home)
    if (home / "made.json").is_file():
        return workspace
    faces = make_sample(workspace, "faces", count=120)
    make_sample(workspace, "other", seed=9, count=120)
    rows = faces.manifest()
    journal = Journal(faces.journal_path)
    for image in rows.loc[(rows["error"] == "") & (rows["label"] != "sad"), "image_id"].head(20):
        journal.add("relabel", image_id=image, label="sad", who="Ada")
    write_note(faces, "Raised inner brows", label="sad", kind="distinguishes")
    for verb in _VERBS:
        runs = list_runs(workspace)
        names = (
            {"first": runs[0].folder, "name": runs[0].id, "names": " ".join(run.id for run in runs)}
            if runs
            else {}
        )
        words = [sys.executable, "-m", "fer_core", *verb.format(**names).split()]
        done = subprocess.run(
            words, env=environment(home), capture_output=True, text=True, timeout=1200, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{verb}: {done.stderr[-500:]}")
    files = [path.relative_to(home) for path in sorted(home.rglob("*")) if path.is_file()]
    write_json(home / "made.json", [path.as_posix() for path in files if _counts(path)])
    return workspace


def every_file(figures: Figures, folder: Path, until: float) -> None:
    """Each file in turn, from where the last call stopped."""
    home = _made(folder / "home").root
    files = [home / name for name in read_json(home / "made.json")]
    os.environ["FER_HOME"] = str(home)
    begun = int(figures.parts.get("damaged", {}).get("files", 0))
    for number in range(begun, 4 * len(files)):
        if not figures.goes_on("damaged", until):
            return
        path, how = files[number // 4], list(_HOW)[number % 4]
        told = _tried(path, how, Workspace(home), folder)
        for each in told:
            figures.broke("damaged", f"{path.relative_to(home)}, {how}: {each}")
        named = sum("named" in each for each in told)
        figures.add("damaged", files=1, not_named=named, harmed=len(told) - named)


def _counts(path: Path) -> bool:
    parts = set(path.parts)
    return (
        not parts & _FREE
        and path.suffix not in {".lock"}
        and not parts & {"source", ".numbers", "other", ".jobs"}
    )


def _tried(path: Path, how: str, workspace: Workspace, folder: Path) -> list[str]:
    """What was not as promised."""
    kept = folder / "kept"
    shutil.copy2(path, kept)
    broken = _HOW[how](path.read_bytes())
    wrong = []
    try:
        path.unlink() if broken is None else path.write_bytes(broken)
        found = {finding.path for finding in examine(workspace).findings}
        name = path.relative_to(workspace.root).as_posix()
        above = {name, *(each.as_posix() for each in Path(name).parents)}
        known = any(fnmatch(f"{name} {how}", f"*{each}*") or fnmatch(name, f"*{each}") for each in _KNOWN)
        if not found & above and not known:
            wrong.append("it is not named")
        if describe(open_dataset(workspace, "other"))["images"] < 100:
            wrong.append("another dataset is harmed")
        said = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            ended = [cli.run(verb.split()) for verb in ("datasets", "versions other", "compare")]
        if any(ended) or "A fault" in said.getvalue():
            wrong.append(f"verbs end with {ended}: {said.getvalue()[:200]}")
    finally:
        shutil.copy2(kept, path)
    return wrong

"""A small dataset with a whole story: leaks, decisions, new splits, a merge and runs; and its numbers worked out anew from "
"the files."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from made_runs import answer, tell_epochs
from PIL import Image
from tiny_models import save_linear

import fer_core.splits.merge.propose
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.data.importing.options import Options
from fer_core.data.manifest import readable
from fer_core.duplicates import scan_store
from fer_core.duplicates.exact import find_exact
from fer_core.evaluation import cost, report, scores
from fer_core.mislabels import by_name
from fer_core.recipes.recipe import load, override
from fer_core.review import apply, copies
from fer_core.review.journal import Journal
from fer_core.runs import predictions, run_annotations
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.splits import propose

CLASSES = ("happy", "neutral", "sad")
_PARTS = {"train": 20, "val": 12, "test": 4}


def faces(folder: Path, seed: int, parts: dict[str, int]) -> None:
    """So many pictures of noise of each class and split."""
    rng = np.random.default_rng(seed)
    for split, n in parts.items():
        for name in CLASSES:
            place = folder / split / name
            place.mkdir(parents=True)
            for i in range(n):
                Image.fromarray(rng.integers(0, 255, (48, 48)).astype(np.uint8)).save(
                    place / f"{seed}{split}{name}{i}.png"
                )


def _votes(folder: Path) -> Path:
    """Ten votes for each picture: most for its class, for some of sad more for neutral."""
    rows = []
    for i, path in enumerate(sorted(folder.rglob("*.png"))):
        label = path.parent.name
        own = dict.fromkeys(CLASSES, 1) | {label: 8}
        if label == "sad" and i % 4 == 0:
            own = {"happy": 1, "neutral": 5, "sad": 4}
        rows.append({"file": path.relative_to(folder).as_posix(), **own})
    file = folder.parent / "votes.csv"
    pd.DataFrame(rows).to_csv(file, index=False)
    return file


def tell(root: Path) -> Dataset:
    """The dataset: v1 with leaks and an unreadable file, v2 decided, v3 split anew, v4 merged; runs on three of them."""
    source, workspace = root / "source", Workspace(root / "home")
    faces(source, 1, _PARTS)
    for i in range(3):  # of these val pictures train has a copy, one with another label
        to = source / "train" / ("sad" if i == 0 else "happy") / f"copy{i}.png"
        to.write_bytes((source / "val" / "happy" / f"1valhappy{i}.png").read_bytes())
    (source / "train" / "sad" / "broken.png").write_bytes(b"no picture")
    faces(root / "more", 2, {"train": 8, "val": 2, "test": 2})
    dataset = import_dataset(workspace, source, "faces", options=Options(votes=str(_votes(source))))
    other = import_dataset(workspace, root / "more", "more")
    runs = [train(dataset, "v1", 0.6)]
    manifest = readable(dataset.manifest())
    groups = copies.group_members(find_exact(manifest).table, manifest)
    journal = Journal(dataset.journal_path)
    for _, group in groups.groupby("group"):
        journal.add_many(copies.settle_decisions(group, copies.propose(group), who="ann"))
    wrong = manifest[(manifest["label"] == "sad") & (manifest["split"] == "val")]["image_id"].head(2)
    by_name.relabel(dataset, dict.fromkeys(wrong, "neutral"), who="bob")
    scan_store.compared_pairs(dataset, dataset.head)
    apply.apply_journal(dataset)
    runs.append(train(dataset, "v2", 0.5))  # nobody asks it about later versions
    propose.save(dataset, propose.propose(dataset, None, (60, 25, 15), seed=3))
    fer_core.splits.merge.propose.propose(dataset, other, fill={"sad": 4}).save(dataset)
    runs += [
        train(dataset, "v4", 0.6, shift=2),
        train(dataset, "v4", 0.9, rate=0.004),
        train(dataset, "v4", 0.85, rate=0.004, seed=5),
    ]
    elsewhere(dataset, runs[0], "v4", 0.5)
    create_run(
        workspace,
        "faces",
        dataset.head,
        load("compact"),
        state="failed",
        reason="Out of memory",
        version_number=4,
    )
    best = runs[3]
    _noted(runs[2], best)
    weights = np.random.default_rng(0).normal(size=(48, 48, 1, len(CLASSES)))
    save_linear(
        best.folder / "model.onnx",
        weights,
        metadata={"classes": list(CLASSES), "input_size": 48, "color": "gray", "threshold": 0.55},
    )
    cost.measure(best)
    run_annotations.promote(best)
    scores.read_scores(best, "test", via="cli")
    return dataset


def _noted(before: Run, best: Run) -> None:
    """What was noted of runs: layers of the best, and what was expected of both."""
    layers = [("conv", "Conv2D", [48, 48, 8], 80), ("top", "Dense", [3], 1154)]
    told = [
        {
            "name": name,
            "kind": kind,
            "part": "",
            "output": output,
            "parameters": n,
            "trained_parameters": n - 2,
        }
        for name, kind, output, n in layers
    ]
    (best.folder / "layers.json").write_text(json.dumps({"layers": told}))
    run_annotations.expect(best, "A higher rate gets further")
    run_annotations.expect(before, "The merge alone brings something", 0.99)


def train(
    dataset: Dataset, version: str, share: float, *, shift: int = 0, rate: float = 2e-3, seed: int = 42
) -> Run:
    """A finished run that answers so much of val and test rightly, the rest with the next class, each a little less sure."""
    chosen = dataset.version(version)
    recipe = override(
        load("compact"), {"optimizer.learning_rate": rate, "training.seed": seed, "training.epochs": 3}
    )
    run = create_run(
        dataset.workspace, dataset.name, chosen.id, recipe, state="finished", version_number=chosen.number, classes=list(CLASSES),
        parameters=1234, trainable_parameters=1200, seconds=90.0, device="CPU, 2 cores", code="1.0", packages={"keras": "3.15"},
    )  # fmt: skip
    for split in ("val", "test"):
        _answers(run, readable(dataset.manifest(chosen.id)).query("split == @split"), share, shift, split)
    table = pd.read_parquet(run.folder / "predictions-val.parquet")
    right = float((_said(table) == table["label"]).mean())
    tell_epochs(run, [right / 2, right, right - 0.1], accuracy=0.75)
    report.evaluate_run(run)
    return run


def _answers(run: Run, part: pd.DataFrame, share: float, shift: int, split: str) -> None:
    following = dict(zip(CLASSES, [*CLASSES[1:], CLASSES[0]], strict=True))
    right = np.roll(np.arange(len(part)) < round(share * len(part)), shift)
    answer(
        run, split, part, part["label"].where(right, part["label"].map(following)).tolist(), CLASSES, sure=0.7
    )
    file = run.folder / f"predictions-{split}.parquet"
    table = pd.read_parquet(file)
    names = [f"p_{name}" for name in CLASSES]
    p = table[names].to_numpy(np.float64) ** np.linspace(0.6, 2.0, len(table))[:, None]
    table[names] = (p / p.sum(axis=1, keepdims=True)).astype(np.float32)
    predictions.write(run.folder, split, table)


def elsewhere(dataset: Dataset, run: Run, version: str, share: float) -> None:
    """Answers of a run for a later version, as `fer evaluate` leaves them: what it has learned from is marked."""
    chosen = dataset.version(version)
    own = readable(dataset.manifest(run.version))
    learned = set(own.loc[own["split"] == "train", "pixel_hash"])
    before = pd.read_parquet(run.folder / "predictions-val.parquet")
    part = readable(dataset.manifest(chosen.id)).query("split == 'val'")
    _answers(run, part, share, 0, "val")
    table = pd.read_parquet(run.folder / "predictions-val.parquet")
    predictions.write(run.folder, "val", before)
    folder = run.folder / f"on-{chosen.id}"
    folder.mkdir()
    predictions.write(folder, "val", table.assign(seen=part["pixel_hash"].isin(learned).to_numpy()))


def _said(table: pd.DataFrame) -> np.ndarray:
    names = [name for name in table if str(name).startswith("p_")]
    classes = np.array([str(name)[2:] for name in names])
    return np.asarray(classes[table[names].to_numpy().argmax(axis=1)])


@dataclass(frozen=True)
class Files:
    """The files of a dataset, read without the library."""

    home: Path
    name: str

    def json(self, path: str) -> Any:
        return json.loads((self.home / path).read_text())

    @property
    def versions(self) -> list[dict[str, Any]]:
        found = [
            json.loads(file.read_text())
            for file in (self.home / "data" / self.name / "versions").glob("*/version.json")
        ]
        return sorted(found, key=lambda version: version["number"])

    def manifest(self, number: int) -> pd.DataFrame:
        version = next(each["id"] for each in self.versions if each["number"] == number)
        return pd.read_parquet(self.home / "data" / self.name / "versions" / version / "manifest.parquet")

    def images(self, number: int) -> pd.DataFrame:
        table = self.manifest(number)
        return table[table["error"] == ""].reset_index(drop=True)

    def decisions(self) -> pd.DataFrame:
        with sqlite3.connect(self.home / "data" / self.name / "journal.sqlite") as file:
            return pd.read_sql("SELECT action, image_id, other, who FROM entries", file)

    @property
    def runs(self) -> list[str]:
        return sorted(file.parent.name for file in (self.home / "models" / "runs").glob("*/run.json"))

    def answers(self, run: str, split: str = "val", on: str = "") -> pd.DataFrame:
        """image_id, label, said, right, p (of the answer), p_CLASS, and seen."""
        table = pd.read_parquet(self.home / "models" / "runs" / run / on / f"predictions-{split}.parquet")
        names = [name for name in table if str(name).startswith("p_")]
        table["said"], table["p"] = _said(table), table[names].max(axis=1)
        table["right"] = table["said"] == table["label"]
        table["seen"] = table.get("seen", False)
        return table


class Told(HTMLParser):
    """What a story says: numbers by key, words outside of names, code and numbers, sections, curves and pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.numbers: dict[str, float | None] = {}
        self.words, self.titles, self.curves, self.pictures = "", [""], [list[str]()], 0
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        kind = "name" if told.get("class") == "name" else tag
        if tag == "data":
            key, value = str(told["data-key"]), told.get("value")
            known = None if value is None else float(value)
            assert self.numbers.setdefault(key, known) == known, f"two values of {key}"
        if tag == "polyline":
            self.curves.append([str(told["class"]), str(told["points"])])
        self.pictures += tag == "img"
        if tag not in ("img", "meta", "br"):
            self._open.append(kind)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if "h2" in self._open:
            self.titles.append(data)
        if not {"data", "name", "code", "style", "title", "footer", "small", "h1", "summary"} & set(
            self._open
        ):
            self.words += f" {data}"

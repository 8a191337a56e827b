"""The built-in sample: about 1,200 drawn faces with every fault a real set has, and the truth about each.

The faces are made by `fer_core.data.sample.drawing` from a seed; splits, class balance and faults are as bad as the
real world's. What was planted is written to `truth.json` beside the dataset, so that every detector can be
measured against it. Pixels, labels and splits follow from the seed alone: the same seed gives the same
version id on any machine.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import cast

import numpy as np

from fer_core.base.atomic import read_json, temporary_path, write_json
from fer_core.base.errors import AlreadyExists, NotFound, TooFewImages
from fer_core.base.workspace import Workspace, check_name
from fer_core.data.datasets import Dataset, import_dataset, open_dataset
from fer_core.data.sample import usual
from fer_core.data.sample.drawing.face import draw_face
from fer_core.data.sample.drawing.pen import SIZE
from fer_core.data.sample.files import BROKEN, SUFFIX, save
from fer_core.data.sample.truth import PlantedPair, SampleTruth
from fer_core.jobs.reporter import ProgressFn

CLASS_SHARES: dict[str, float] = {"happy": 0.34, "neutral": 0.27, "sad": 0.22, "surprise": 0.17}
FOLDERS: dict[str, str] = {"train": "train", "val": "validation", "test": "test"}
_VAL_SHARES: dict[str, float] = {"happy": 0.29, "neutral": 0.24, "sad": 0.15, "surprise": 0.24}
_CONFUSED: dict[str, tuple[tuple[str, int], ...]] = {
    "happy": (("neutral", 5), ("surprise", 4), ("sad", 1)),
    "neutral": (("sad", 6), ("happy", 3), ("surprise", 1)),
    "sad": (("neutral", 7), ("happy", 1), ("surprise", 1)),
    "surprise": (("happy", 5), ("neutral", 3), ("sad", 1)),
}
_FULL_COUNT = 1200
MIN_COUNT = 120
_ALIKE = 0.87
"""Correlation above which two different people would be taken for copies by eye."""
_ROWS = 128
_TRUTH = "truth.json"


@dataclass
class _Face:
    """One file to write."""

    pixels: np.ndarray
    emotion: str
    label: str
    split: str
    encoding: str = "png"
    path: str = ""


@dataclass
class _Plan:
    """The files of a sample and what is wrong with them."""

    rng: random.Random
    faces: list[_Face] = field(default_factory=list)
    pairs: dict[str, list[tuple[_Face, _Face, str]]] = field(default_factory=dict)
    wrong: list[_Face] = field(default_factory=list)
    blank: list[_Face] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)

    def pick(self, count: int, split: str | None = None) -> list[_Face]:
        """Faces without a fault so far, never the same twice."""
        free = [
            i for i, f in enumerate(self.faces) if i not in self.taken and (split is None or f.split == split)
        ]
        chosen = self.rng.sample(free, count)
        self.taken.update(chosen)
        return [self.faces[i] for i in chosen]

    def copy(
        self, kind: str, original: _Face, pixels: np.ndarray, split: str, note: str = "", **more: str
    ) -> None:
        """Add a second file of `original` in `split`."""
        label = more.get("label", original.label)
        face = _Face(pixels, original.emotion, label, split, more.get("encoding", "png"))
        self.pairs.setdefault(kind, []).append((original, face, note))


def _other_split(rng: random.Random, split: str) -> str:
    return "val" if split == "train" else "train" if rng.random() < 0.9 else split


def _shifted(pixels: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """The picture moved by whole pixels, its border repeated; uint8 (48, 48)."""
    padded = np.pad(pixels, 2, mode="edge")
    return padded[2 - dy : 2 - dy + SIZE, 2 - dx : 2 - dx + SIZE]


def _brightened(pixels: np.ndarray, percent: int, lift: int) -> np.ndarray:
    return (pixels.astype(np.int64) * percent // 100 + lift).clip(0, 255).astype(np.uint8)


def _blank(rng: random.Random, index: int) -> np.ndarray:
    """Nothing to see: one gray level, or almost night."""
    if index % 2 == 0:
        return np.full((SIZE, SIZE), (0, 255, 128)[index // 2 % 3] ^ (index // 6), dtype=np.uint8)
    face = draw_face(rng, "neutral").astype(np.int64)
    return (face * 7 // 256 + index).astype(np.uint8)


def _plan(seed: int, count: int, progress: ProgressFn | None = None) -> _Plan:
    """Which faces, labels, splits and faults a sample has."""
    rng = random.Random(f"plan-{seed}-{count}")
    plan = _Plan(rng)

    def share(number: int) -> int:
        return max(1, round(number * count / _FULL_COUNT))

    exact, near, mirrored, conflicting, unreadable, blank = (share(n) for n in (24, 16, 8, 6, 5, 6))
    drawn = count - exact - near - mirrored - conflicting - unreadable - blank
    emotions = [name for name, part in CLASS_SHARES.items() for _ in range(round(drawn * part))]
    emotions = (emotions + ["happy"] * drawn)[:drawn]
    for pixels, emotion in zip(_people(seed, emotions, progress), emotions, strict=True):
        split = "val" if rng.random() < _VAL_SHARES[emotion] else "train"
        plan.faces.append(_Face(pixels, emotion, emotion, split))
    for face in plan.pick(share(8), "train"):
        face.split = "test"

    encodings = ("png", "bmp", "png", "tiff", "png", "rgb", "png", "packed")
    into_test = share(3)
    for index, face in enumerate(plan.pick(exact, "train")):
        encoding = encodings[index % len(encodings)]
        split = "test" if index < into_test else "val"
        note = "same file" if encoding == "png" else "re-encoded"
        plan.copy("exact", face, face.pixels, split, note, encoding=encoding)
    for index, face in enumerate(plan.pick(near)):
        if index % 2:
            pixels, note = _brightened(face.pixels, rng.randint(96, 110), rng.randint(8, 22)), "brightened"
        else:
            dx, dy = rng.choice(((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1)))
            pixels, note = _shifted(face.pixels, dx, dy), f"shifted by {dx}, {dy}"
        plan.copy("near", face, pixels, _other_split(rng, face.split), note)
    for face in plan.pick(mirrored):
        plan.copy("mirrored", face, face.pixels[:, ::-1], _other_split(rng, face.split))
    for face in plan.pick(conflicting):
        label = _mistaken(rng, face.emotion)
        plan.copy("conflicting", face, face.pixels, rng.choice(("train", "val")), label=label)
    for face in plan.pick(share(60)):
        face.label = _mistaken(rng, face.emotion)
        plan.wrong.append(face)
    for index in range(blank):
        emotion = rng.choice(list(CLASS_SHARES))
        plan.blank.append(_Face(_blank(rng, index), "", emotion, "val" if index % 4 == 3 else "train"))
    copies = [copy for pairs in plan.pairs.values() for _, copy, _ in pairs]
    plan.faces += copies + plan.blank
    return plan


def _people(seed: int, emotions: list[str], progress: ProgressFn | None = None) -> np.ndarray:
    """uint8 (n, 48, 48), one face per emotion; whoever looks like an earlier face is drawn again."""
    people = np.empty((len(emotions), SIZE, SIZE), dtype=np.uint8)
    known = usual.ATTEMPTS if (seed, len(emotions)) == (usual.SEED, len(usual.ATTEMPTS)) else ""
    again = np.arange(len(emotions))
    for attempt in range(12):
        for number, index in enumerate(again):
            if progress:
                progress(len(people) - len(again) + number, len(people), "faces drawn")
            turn = known[index] if known else attempt
            people[index] = draw_face(random.Random(f"face-{seed}-{index}-{turn}"), emotions[index])
        again = again[:0] if known else again[_seen_before(people, again)]
        if not len(again):
            break
    return people


def _seen_before(people: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Which of the candidates look like a face before them, or its mirror image, perhaps moved a little; bool.

    Looked at from afar, in blocks of 2x2 pixels. All sums are of whole numbers and below 2**53, so their
    order, which differs between machines, does not change the answer.
    """
    half = SIZE // 2
    blocks = people.reshape(-1, half, 2, half, 2).sum(axis=(2, 4), dtype=np.int64)
    mine, my_length = _window(blocks[candidates], 1, 1)
    alike = np.zeros(len(candidates), dtype=bool)
    for shown in (blocks, blocks[:, :, ::-1]):
        for down, right in product(range(3), range(3)):
            theirs, length = _window(shown, down, right)
            for start in range(0, len(candidates), _ROWS):
                rows = slice(start, start + _ROWS)
                before = candidates[rows].max()  # nobody is compared with all who come later
                close = mine[rows] @ theirs[:before].T > _ALIKE * my_length[rows, None] * length[:before]
                earlier = np.arange(before) < candidates[rows, None]
                alike[rows] |= (close & earlier).any(axis=1)
    return alike


def _window(blocks: np.ndarray, top: int, left: int) -> tuple[np.ndarray, np.ndarray]:
    """Part of every picture, centred to whole numbers, float64 (n, 484), and its length, float64 (n,)."""
    side = SIZE // 2 - 2
    part = blocks[:, top : top + side, left : left + side].reshape(len(blocks), -1)
    values = (part - part.sum(axis=1, keepdims=True) // side**2).astype(np.float64)
    return values, np.sqrt((values * values).sum(axis=1))


def _mistaken(rng: random.Random, emotion: str) -> str:
    names, weights = zip(*_CONFUSED[emotion], strict=True)
    return str(rng.choices(names, weights)[0])


def write_source(
    folder: Path, seed: int = 7, count: int = _FULL_COUNT, progress: ProgressFn | None = None
) -> SampleTruth:
    """Write the sample's files below `folder` as split/class/file.

    Args:
        folder: an empty or new folder.
        seed: decides everything.
        count: files in all, at least 120; the planted faults scale with it (the numbers named are for 1,200).
        progress: told how many faces are drawn.

    Returns:
        The truth.

    Raises:
        TooFewImages: `count` below 120.
    """
    if count < MIN_COUNT:
        raise TooFewImages(
            "The sample is too small to plant its faults", received=count, hint="Use 120 or more"
        )
    plan = _plan(seed, count, progress)
    rng = random.Random(f"names-{seed}-{count}")
    numbers = rng.sample(range(1, 10_000), count)
    for face, number in zip(plan.faces, numbers, strict=False):
        face.path = f"{FOLDERS[face.split]}/{face.label}/face_{number:04d}{SUFFIX[face.encoding]}"
        save(folder / face.path, face.pixels, face.encoding)
    unreadable = {}
    for index, number in enumerate(numbers[len(plan.faces) :]):
        suffix, what, content = BROKEN[index % len(BROKEN)]
        label = rng.choice(list(CLASS_SHARES))
        path = f"train/{label}/face_{number:04d}{suffix}"
        (folder / path).write_bytes(content())
        unreadable[path] = what
    pairs: dict[str, list[PlantedPair]] = {
        kind: [{"paths": [a.path, b.path], "note": note} for a, b, note in found]
        for kind, found in plan.pairs.items()
    }
    return {
        "seed": seed,
        "count": count,
        "emotions": {face.path: face.emotion for face in plan.faces if face.emotion},
        "exact": pairs["exact"],
        "near": pairs["near"],
        "mirrored": pairs["mirrored"],
        "conflicting": pairs["conflicting"],
        "wrong_labels": {face.path: face.emotion for face in plan.wrong},
        "unreadable": unreadable,
        "blank": [face.path for face in plan.blank],
    }


def make_sample(
    ws: Workspace,
    name: str = "sample",
    seed: int = 7,
    count: int = _FULL_COUNT,
    progress: ProgressFn | None = None,
) -> Dataset:
    """The sample dataset: opened if a dataset of that name is there, else drawn and imported like any other.

    Its files lie in `source/` and its truth in `truth.json` of the dataset's folder.

    Raises:
        BadName: a name no dataset can have.
        TooFewImages: `count` below 120.
    """
    if (ws.data / check_name(name, new=True) / "dataset.json").is_file():
        return open_dataset(ws, name)
    try:
        with temporary_path(ws.data / "faces") as source:
            known = write_source(source, seed, count, progress)
            dataset = import_dataset(ws, source, name, progress=progress, copy=True, kind="sample")
    except AlreadyExists:  # another process was faster
        return open_dataset(ws, name)
    write_json(dataset.folder / _TRUTH, known)
    return dataset


def truth(dataset: Dataset) -> SampleTruth:
    """What was planted in a sample dataset; paths as in its manifest.

    Raises:
        NotFound: the dataset is not a sample.
    """
    path = dataset.folder / _TRUTH
    if not path.is_file():
        raise NotFound("Nothing is known about the faults of this dataset", received=dataset.name)
    return cast(SampleTruth, read_json(path))

"""Manifests without pictures, for the tests of review."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fer_core.data.manifest import image_id

Row = tuple[str, str, str, str]  # path, split, label, pixel hash


def manifest_of(rows: list[Row], source: str = "main") -> pd.DataFrame:
    """A manifest with one row per (path, split, label, pixel hash)."""
    paths, splits, labels, hashes = zip(*rows, strict=True)
    count = len(rows)
    table = pd.DataFrame({"path": paths, "split": splits, "label": labels, "pixel_hash": hashes})
    table["image_id"] = [image_id(source, path) for path in paths]
    table["row"] = range(count)
    table["source"], table["mode"], table["format"], table["error"] = source, "gray", "PNG", ""
    table["file_hash"] = [f"file-{h}" for h in hashes]
    table[["width", "height"]], table["phash"] = 48, 0
    table[["brightness", "contrast", "sharpness"]] = 0.5
    return table


ROWS: list[Row] = [
    ("train/happy/1.png", "train", "happy", "h1"),
    ("train/happy/2.png", "train", "happy", "h2"),
    ("train/sad/3.png", "train", "sad", "h3"),
    ("train/sad/4.png", "train", "sad", "h4"),
    ("test/sad/5.png", "test", "sad", "h1"),  # a copy of 1 with another label
    ("val/neutral/6.png", "val", "neutral", "h6"),
]


def image(number: int, source: str = "main") -> str:
    """image_id of row `number` (1-based) of `ROWS`."""
    return image_id(source, ROWS[number - 1][0])


def forget_decisions(folder: Path) -> None:
    """A dataset as if nobody had decided anything: no journal, no holds, and no note that there was one."""
    for file in folder.glob("*.sqlite*"):
        file.unlink()
    if (notes := folder / "checksums.jsonl").is_file():
        lines = notes.read_text(encoding="utf-8").splitlines(keepends=True)
        notes.write_text("".join(line for line in lines if '"journal.sqlite"' not in line), encoding="utf-8")

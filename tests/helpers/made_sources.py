"""The small formats the readers are tried on."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def fer_csv(pixels: np.ndarray, header: str = "emotion,pixels,Usage", quote: str = "") -> bytes:
    """FER2013's table: emotions 0 to 6 in turn, every fourth row PublicTest."""
    lines = [header]
    for number, picture in enumerate(pixels):
        levels = " ".join(map(str, picture.ravel()))
        usage = "PublicTest" if number % 4 == 3 else "Training"
        lines.append(f"{number % 7},{quote}{levels}{quote},{usage}")
    return ("\n".join(lines) + "\n").encode()


def write_parquet(path: Path, pixels: np.ndarray, names: list[str] | None, plain: bool = False) -> Path:
    """Hugging Face's layout; `names` as ClassLabel, else labels as words; two groups of rows."""
    images: list[object] = [
        png(p) if plain else {"bytes": png(p), "path": f"{i}.png"} for i, p in enumerate(pixels)
    ]
    labels: list[object] = [i % 3 for i in range(len(pixels))]
    features: dict[str, object] = {"image": {"_type": "Image"}}
    if names:
        features["label"] = {"names": names, "_type": "ClassLabel"}
    else:
        labels = [("joy", "sad", "Anger")[i % 3] for i in range(len(pixels))]
    table = pa.table({"image": images, "label": labels})
    about = json.dumps({"info": {"features": features}}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({b"huggingface": about}), path, row_group_size=5)
    return path


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip with these files, as bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()

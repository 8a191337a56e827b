"""How each export format is written. `export.export_version` is the way in."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import ExifTags, Image

from fer_core.base.emotions import UNASSIGNED
from fer_core.base.errors import FerError, NotFound, SourceError
from fer_core.data.images import SUFFIXES, decode
from fer_core.data.manifest import classes, file_hash, readable
from fer_core.data.readers.base import disk_name, suffix_of
from fer_core.data.readers.pixel_csv import FER2013
from fer_core.data.sources import SourceFiles
from fer_core.jobs.reporter import ProgressFn

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset

FER2013_USAGE = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}
_EVERY = 256


@dataclass
class ExportContext:
    """An export under way: what goes in, and what became of it.

    Attributes:
        split_rows: readable rows that are in a split; all readable ones where nothing is split.
        written: images written so far.
        missing: files that could not be written, {path, reason}.
        warnings: sentences on what to know before training from it.
        soft: soft labels by exported path, so that an import of the export has them too.
    """

    dataset: Dataset
    manifest: pd.DataFrame
    progress: ProgressFn
    written: int = 0
    missing: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    soft: dict[str, list[float]] = field(default_factory=dict)

    def record_soft_label(self, row: Any, position: str) -> None:
        """Remember the soft label of a row that was written there."""
        soft = getattr(row, "soft_label", None)
        if soft is not None and not np.isscalar(soft):
            self.soft[position] = [float(p) for p in soft]

    @property
    def split_rows(self) -> pd.DataFrame:
        good = readable(self.manifest)
        split = good[good["split"] != UNASSIGNED]
        return split if len(split) else good

    def read_rows(self, rows: pd.DataFrame, files: SourceFiles) -> Iterator[tuple[Any, int, bytes]]:
        """Every row whose file is as it was at import, with its position and bytes; the others are noted."""
        row: Any
        for position, row in enumerate(rows.itertuples(index=False)):
            if position % _EVERY == 0:
                self.progress(position, len(rows), "images")
            try:
                data = files.read(row.source, row.path)
            except (NotFound, SourceError) as error:
                self.missing.append({"path": row.path, "reason": error.message})
                continue
            if file_hash(data) != row.file_hash:
                self.missing.append(
                    {"path": row.path, "reason": "The file has changed since it was imported"}
                )
                continue
            self.written += 1
            yield row, position, data
        self.progress(len(rows), len(rows), "images")


def write_files(job: ExportContext, folder: Path, files: SourceFiles, targets: Sequence[str]) -> None:
    """`split/class/file` with the original bytes of every row."""
    for row, position, data in job.read_rows(job.manifest, files):
        job.record_soft_label(row, targets[position])
        file = folder / disk_name(targets[position])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def write_training_folders(
    job: ExportContext, folder: Path, files: SourceFiles, targets: Sequence[str]
) -> None:
    """`split/class/file` as Keras and PyTorch read it: JPEG and PNG only, every class in every split."""
    names = sorted(job.split_rows["label"].unique())  # as both number them
    index: list[dict[str, object]] = []
    taken: set[str] = set()
    for row, position, data in job.read_rows(job.split_rows, files):
        content, suffix = plain_picture(data)
        file = _free_path(PurePosixPath(targets[position]).with_suffix(suffix), taken)
        _write(folder / disk_name(file), content)
        job.record_soft_label(row, file)
        index.append(_about(job, row, file, names))
    for split in sorted(
        {PurePosixPath(position).parts[0] for position in targets if position.count("/") > 1}
    ):
        for name in names:
            (folder / split / name).mkdir(parents=True, exist_ok=True)
            if not any((folder / split / name).iterdir()):
                job.warnings.append(f"{split} has no image of {name}: ImageFolder needs allow_empty=True.")
    _write_csv(folder / "index.csv", index)
    _write(folder / "classes.txt", "".join(f"{name}\n" for name in names).encode())


def write_csv(job: ExportContext, folder: Path, files: SourceFiles, targets: Sequence[str]) -> None:
    """`labels.csv`, and `images/` with files named after the image ids."""
    names = classes(job.split_rows)
    index = []
    for row, _, data in job.read_rows(job.split_rows, files):
        content, suffix = plain_picture(data)
        file = f"images/{row.image_id}{suffix}"
        _write(folder / file, content)
        job.record_soft_label(row, file)
        index.append(_about(job, row, file, names))
    _write_csv(folder / "labels.csv", index)


def write_fer2013(job: ExportContext, folder: Path, files: SourceFiles, targets: Sequence[str]) -> None:
    """`fer2013.csv` with emotion, pixels and Usage, and `classes.csv` with the numbers of the classes."""
    rows, pixels = job.split_rows, job.dataset.pixels()
    others = [name for name in classes(rows) if name not in FER2013]
    number = {name: position for position, name in enumerate((*FER2013, *others))}
    with open(folder / "fer2013.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for done, (row, label, split) in enumerate(
            zip(rows["row"], rows["label"], rows["split"], strict=True)
        ):
            if done % _EVERY == 0:
                job.progress(done, len(rows), "images")
            levels = " ".join(map(str, pixels[row].ravel().tolist()))
            writer.writerow([number[label], levels, FER2013_USAGE.get(split, split)])
    job.written = len(rows)
    _write_csv(folder / "classes.csv", [{"emotion": n, "class": name} for name, n in number.items()])


def write_npz(job: ExportContext, folder: Path, files: SourceFiles, targets: Sequence[str]) -> None:
    """`faces.npz`: `x_<split>` uint8 (n, 48, 48), `y_<split>` int64 (n,), `id_<split>`, and `classes`."""
    rows, pixels = job.split_rows, job.dataset.pixels()
    names = classes(rows)
    code = pd.Series(range(len(names)), index=pd.Index(names))
    arrays: dict[str, Any] = {"classes": np.array(names)}
    number = 0
    for split, own in rows.groupby("split", sort=False):
        arrays[f"x_{split}"] = np.asarray(pixels[own["row"].to_numpy()])
        arrays[f"y_{split}"] = own["label"].map(code).to_numpy(np.int64)
        arrays[f"id_{split}"] = own["image_id"].to_numpy(dtype="U16")
        for row in own.itertuples(index=False):
            job.record_soft_label(row, f"faces.npz/{number:06d}.png")
            number += 1
        job.written += len(own)
        job.progress(job.written, len(rows), "images")
    np.savez(folder / "faces.npz", **arrays)


def write_parquet(job: ExportContext, folder: Path, files: SourceFiles, targets: Sequence[str]) -> None:
    """`data/<split>.parquet` as Hugging Face's datasets read and write it, with the original bytes."""
    names = list(classes(job.split_rows))
    label = {"names": names, "_type": "ClassLabel"}
    texts = ("split", "image_id", "pixel_hash")
    features = {"image": {"_type": "Image"}, "label": label} | {
        t: {"dtype": "string", "_type": "Value"} for t in texts
    }
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", image), ("label", pa.int64()), *((text, pa.string()) for text in texts)],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    (folder / "data").mkdir()
    rows: dict[str, list[dict[str, object]]] = {}
    written: Counter[str] = Counter()
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for row, _, data in job.read_rows(job.split_rows, files):
            if row.split not in writers:
                target = folder / "data" / f"{row.split}-00000-of-00001.parquet"
                writers[row.split] = stack.enter_context(pq.ParquetWriter(target, schema, compression="zstd"))
            own = rows.setdefault(row.split, [])
            job.record_soft_label(
                row, f"data/{row.split}-00000-of-00001.parquet/{written[row.split]:06d}{_ending(row.path)}"
            )
            written[row.split] += 1
            picture = {"bytes": data, "path": PurePosixPath(row.path).name}
            own.append(
                {"image": picture, "label": names.index(row.label)} | {t: getattr(row, t) for t in texts}
            )
            if len(own) == _EVERY:
                writers[row.split].write_table(pa.Table.from_pylist(own, schema))
                own.clear()
        for split, own in rows.items():
            if own:
                writers[split].write_table(pa.Table.from_pylist(own, schema))


Writer = Callable[[ExportContext, Path, SourceFiles, Sequence[str]], None]
WRITERS: dict[str, Writer] = {
    "folder": write_files,
    "keras": write_training_folders,
    "imagefolder": write_training_folders,
    "csv": write_csv,
    "fer2013": write_fer2013,
    "npz": write_npz,
    "parquet": write_parquet,
}
NEED_FILES = frozenset({"folder", "keras", "imagefolder", "csv", "parquet"})
"""Formats that need the original files."""


def plain_picture(data: bytes) -> tuple[bytes, str]:
    """A picture every loader shows alike, with its suffix: an upright 8-bit JPEG or PNG as it is, else a PNG.

    Loaders differ in what they make of rotation tags, palettes, transparency, CMYK and other formats.
    """
    with Image.open(io.BytesIO(data)) as image:
        suffix = {"JPEG": ".jpg", "PNG": ".png"}.get(image.format or "")
        upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
        single = getattr(image, "n_frames", 1) == 1
        if suffix and upright and single and image.mode in {"L", "RGB"} and "transparency" not in image.info:
            return data, suffix
    buffer = io.BytesIO()
    Image.fromarray(decode(data).pixels).save(buffer, "PNG")
    return buffer.getvalue(), ".png"


def _ending(path: str) -> str:
    """The ending that the reader of Parquet gives to a row of that path."""
    ending = suffix_of(path)
    return ending if ending in SUFFIXES else ".png"


def _about(job: ExportContext, row: Any, file: str, names: Sequence[str]) -> dict[str, object]:
    """One line about an exported file; votes as `import --votes` reads them."""
    known = {
        "file": file,
        "split": row.split,
        "label": row.label,
        "class_index": list(names).index(row.label),
    }
    origin = {"image_id": row.image_id, "source": row.source, "path": row.path, "pixel_hash": row.pixel_hash}
    size = {"width": row.width, "height": row.height, "mode": row.mode}
    people = {name: getattr(row, name) for name in ("subject", "group") if hasattr(row, name)}
    votes: dict[str, object] = {}
    if (own := getattr(row, "votes", None)) is not None and not np.isscalar(own):
        classes = job.dataset.about.get("vote_classes", [])
        votes = {f"votes_{name}": int(n) for name, n in zip(classes, own, strict=True)}
    said = {name: getattr(row, name) for name in ("valence", "arousal") if hasattr(row, name)}
    affect = {name: "" if np.isnan(value) else round(float(value), 6) for name, value in said.items()}
    return known | origin | size | people | affect | votes


def _free_path(position: PurePosixPath, taken: set[str]) -> str:
    """The place, or one with a number where a file of another suffix has become its namesake."""
    name, number = position, 1
    while str(name).casefold() in taken:
        number += 1
        name = position.with_stem(f"{position.stem}-{number}")
    taken.add(str(name).casefold())
    return str(name)


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _write_csv(file: Path, rows: Sequence[dict[str, object]]) -> None:
    if not rows:
        raise FerError(
            "There is no image to export", hint="Every file of this version is missing or unreadable"
        )
    pd.DataFrame(rows).to_csv(file, index=False)

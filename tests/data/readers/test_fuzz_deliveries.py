"""Public sets, exports and containers with broken files in them: words, never a traceback, never a part of a dataset.

`FER_FUZZ=500` tries as many of each kind; a few are tried otherwise.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_sources import fer_csv, png, write_parquet
from test_fuzz import MEMORY, mutated

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.cli.data import told
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.importing.preview import preview_source
from fer_core.data.readers.tfrecord import masked_crc

RANDOM = np.random.default_rng(6)
Files = dict[str, bytes]
EXAMPLES = int(os.environ.get("FER_FUZZ", "6"))


def face() -> bytes:
    return png(RANDOM.integers(0, 256, (8, 8), dtype=np.uint8))


def npy(value: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array(value))
    return buffer.getvalue()


def zipped(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def record(label: int) -> bytes:
    """A record of `tf.train.Example`, its messages written by hand."""

    def message(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data) & 127 | 128, len(data) >> 7]) + data

    feature = message(1, b"image") + message(2, message(1, message(1, face())))
    label_ = message(1, b"label") + message(2, message(3, message(1, bytes([label]))))
    example = message(1, message(1, feature) + message(1, label_))
    head = len(example).to_bytes(8, "little")
    return head + masked_crc(head).to_bytes(4, "little") + example + bytes(4)


def parquet() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        pictures = RANDOM.integers(0, 256, (6, 8, 8), dtype=np.uint8)
        return write_parquet(Path(folder) / "a.parquet", pictures, ["happy", "sad", "fear"]).read_bytes()


IMAGES = {f"{n}.jpg": face() for n in range(4)}
COCO = {
    "images": [{"id": n, "file_name": f"{n}.jpg"} for n in range(4)],
    "categories": [{"id": 1, "name": "happy"}],
    "annotations": [{"id": n, "image_id": n, "category_id": 1, "bbox": [0, 0, 8, 8]} for n in range(4)],
}
TASK = {"data": {"image": "0.jpg"}, "annotations": [{"result": [
    {"type": "rectanglelabels", "original_width": 8, "original_height": 8,
     "value": {"x": 0, "y": 0, "width": 90, "height": 90, "rectanglelabels": ["sad"]}}]}]}  # fmt: skip
AFFECT = "subDirectory_filePath,x,y,w,h,landmarks,expression,valence,arousal\n"


def public_sets() -> dict[str, Files]:
    """Kind of source -> its files."""
    return {
        "rafdb": {
            **{f"Image/aligned/train_0000{n}_aligned.jpg": face() for n in range(3)},
            "EmoLabel/list_patition_label.txt": b"".join(b"train_0000%d.jpg %d\n" % (n, n + 1) for n in range(3)),
        },
        "affectnet": {
            path: data
            for n in range(3)
            for path, data in (
                (f"train_set/images/{n}.jpg", face()),
                (f"train_set/annotations/{n}_exp.npy", npy(str(n * 4))),
                (f"train_set/annotations/{n}_val.npy", npy(0.5)),
            )
        },
        "affectnet lists": {
            **{f"M/1/{n}.jpg": face() for n in range(3)},
            "training.csv": (AFFECT + "".join(f"1/{n}.jpg,1,1,1,1,1;2,{n * 4},0.1,0.2\n" for n in range(3))).encode(),
        },
        "ckplus": {
            **{f"images/S005/001/S005_001_0000000{n}.png": face() for n in range(1, 6)},
            "Emotion/S005/001/S005_001_00000005_emotion.txt": b"   3.0000000e+00\n",
        },
        "expw": {
            **{f"image/origin/{n}": data for n, data in IMAGES.items()},
            "label/label.lst": b"".join(b"%d.jpg 0 0 0 8 8 50.5 3\n" % n for n in range(4)),
        },
        "ferplus": {
            **{f"FER2013Train/fer000{n}.png": face() for n in range(3)},
            "FER2013Train/label.csv": b"".join(b'fer000%d.png,"(0, 0, 48, 48)",1,8,0,0,0,0,0,0,1,0\n' % n for n in range(3)),
        },
        "emoset": {
            **{f"image/awe/{n}": data for n, data in IMAGES.items()},
            "train.json": json.dumps([["awe", f"image/awe/{n}.jpg", "a.json"] for n in range(4)]).encode(),
        },
    }  # fmt: skip


def exports_and_containers() -> dict[str, Files]:
    """Kind of source -> its files."""
    return {
        "ferg": {f"DB/{c}/{c}_{e}/1.png": face() for c in ("aia", "mery") for e in ("joy", "fear")},
        "coco": {**IMAGES, "_annotations.coco.json": json.dumps(COCO).encode()},
        "label studio": {**IMAGES, "tasks.json": json.dumps([TASK]).encode()},
        "cvat": {
            "images/0.jpg": IMAGES["0.jpg"],
            "annotations.xml": b'<annotations><image id="0" name="0.jpg" width="8" height="8"><box label="sad" xtl="0" '
            b'ytl="0" xbr="8" ybr="8"></box></image></annotations>',
        },
        "yolo": {
            "data.yaml": b"names: ['happy', 'sad']\nnc: 2\n",
            **{f"train/images/{n}": data for n, data in IMAGES.items()},
            **{f"train/labels/{n}.txt": b"1 0.5 0.5 0.9 0.9\n0 0.2 0.2 0.3 0.3\n" for n in range(4)},
        },
        "webdataset": {
            "train-000000.tar": tarred({**IMAGES, **{f"{n}.cls": b"3" for n in range(4)}}),
            "val-000000.tar": tarred({**IMAGES, **{f"{n}.json": b'{"label": "sad"}' for n in range(4)}}),
        },
        "nested": {
            "train.zip": zipped({"deep/test.tar.gz": tarred({f"sad/{n}": d for n, d in IMAGES.items()})}),
            "val.zip": zipped({f"happy/{n}": d for n, d in IMAGES.items()}),
        },
        "tfrecord": {
            "fer-train.tfrecord-00000-of-00001": b"".join(map(record, (0, 1, 1))),
            "label.labels.txt": b"happy\nsad\n",
        },
        "npy": {
            "X_train.npy": npy(RANDOM.integers(0, 256, (4, 8, 8), dtype=np.uint8)),
            "y_train.npy": npy([0, 1, 2, 3]),
        },
        "parquet": {"train-00000-of-00001.parquet": parquet()},
        "pixels without an ending": {"fer2013": fer_csv(RANDOM.integers(0, 256, (6, 8, 8), dtype=np.uint8))},
        "doubled": {f"{f}/train/{c}/1.jpg": IMAGES["0.jpg"] for f in ("i", "i/i") for c in ("sad", "happy")},
    }  # fmt: skip


KINDS = public_sets() | exports_and_containers()


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
@given(data=st.data())
def test_a_source_with_broken_files(kind: str, data: st.DataObject) -> None:
    files = dict(KINDS[kind])
    order = sorted(
        files, key=lambda path: (path.endswith((".jpg", ".png")), path)
    )  # what says the classes, first
    for _ in range(data.draw(st.integers(1, 2))):
        path = order[min(data.draw(st.integers(0, 2 * len(order))), len(order) - 1) // 2]
        files[path] = data.draw(mutated((files[path],))) if files[path] else b""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        source, workspace = Path(folder) / "source", Workspace(Path(folder) / "home")
        for path, content in files.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(content)
        with contextlib.suppress(FerError):
            preview_source(source).becomes()
        try:
            dataset = import_dataset(workspace, source, "faces")
        except FerError:
            assert not workspace.data.exists() or os.listdir(workspace.data) == []
        else:
            found = describe(dataset)
            assert 0 < found["images"] <= len(dataset.pixels())
            assert told(found).text
            assert os.listdir(workspace.data) == ["faces"]
        assert not (workspace.jobs / "imports").exists() or os.listdir(workspace.jobs / "imports") == []
        for path, content in files.items():
            assert (source / path).read_bytes() == content

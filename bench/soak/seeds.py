"""One good file of each format that is read, and the verb that reads it."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper
from PIL import Image

from fer_core.data.dataset import Dataset

Seed = tuple[tuple[str, ...], bytes]
"""Words of a verb, with `{file}` and `{name}`, and the file."""
SLOW = (".onnx",)
"""Endings of files that a process of its own opens: drawn less often."""
_TESTS = Path(__file__).parents[2] / "tests"
_IMPORT = ("import", "{file}", "--name", "{name}", "--no-compare")
SETTINGS = (
    "training.epochs=3", "optimizer.learning_rate=1e-3", "model.blocks=[{kind='flatten'}]", "augmentation.mixup=.2",
    "loss.name=focal", "schedule.name=cosine", "distillation.teacher=~nobody-here/x", "model.start=../x", "x=1", "noise.share=.1",
)  # fmt: skip
ADDRESSES = (
    "/etc/shadow", "~/../..", "~nobody-here/x", "\0", "../" * 40, "/proc/self/mem", "a" * 5000, "", "//x", "C:\\x",
)  # fmt: skip
_PICTURES = ("png", "jpeg", "webp", "gif", "bmp", "tiff")


def files(dataset: Dataset) -> dict[str, Seed]:
    """Name with its ending -> how it is read, and its bytes."""
    pictures = np.random.default_rng(3).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    encoded = [_png(picture) for picture in pictures]
    tree = {
        f"{('train', 'test')[i % 2]}/{('happy', 'sad')[i % 2]}/{i}.png": data
        for i, data in enumerate(encoded)
    }
    coco = {
        "images": [{"id": i, "file_name": f"{i}.png"} for i in range(6)],
        "annotations": [
            {"id": i, "image_id": i, "category_id": i % 2, "bbox": [0, 0, 8, 8]} for i in range(6)
        ],
        "categories": [{"id": 0, "name": "happy"}, {"id": 1, "name": "sad"}],
    }
    rows = "".join(f"{i % 2},{' '.join(map(str, p.ravel()))},Training\n" for i, p in enumerate(pictures))
    image = dataset.manifest()["image_id"].iloc[0]
    patch = json.dumps(
        {"format": "fer-journal", "schema": 1, "entries": [{"key": "a", "image_id": image, "action": "keep"}]}
    )
    as_coco = {
        **{f"{i}.png": data for i, data in enumerate(encoded)},
        "annotations.json": json.dumps(coco).encode(),
    }
    as_yolo = {
        "data.yaml": b"names: [happy, sad]\n",
        "images/0.png": encoded[0],
        "labels/0.txt": b"0 .5 .5 1 1\n",
    }
    cvat = b'<annotations><image name="0.png"><tag label="sad"/></image></annotations>'
    own = b'extends = "compact"\n[training]\nepochs = 3\n[[model.blocks]]\nkind = "flatten"\n'
    return {
        "faces.zip": (_IMPORT, _zip(tree)),
        "coco.zip": (_IMPORT, _zip(as_coco)),
        "yolo.zip": (_IMPORT, _zip(as_yolo)),
        "cvat.zip": (_IMPORT, _zip({"0.png": encoded[0], "annotations.xml": cvat})),
        "faces.tar": (_IMPORT, _tar(tree)),
        "faces.tgz": (_IMPORT, gzip.compress(_tar(tree))),
        "faces.csv.gz": (_IMPORT, gzip.compress(f"emotion,pixels,Usage\n{rows}".encode())),
        "labels.tsv": (
            ("import", "{source}", "--name", "{name}", "--labels", "{file}"),
            b"image\tlabel\n0.png\tsad\n",
        ),
        "labels.jsonl": (
            ("import", "{source}", "--name", "{name}", "--labels", "{file}"),
            b'{"image": "0.png", "label": "sad"}\n',
        ),
        **{f"{kind.replace(' ', '-')}.zip": (_IMPORT, data) for kind, data in _deliveries().items()},
        "faces.csv": (_IMPORT, f"emotion,pixels,Usage\n{rows}".encode()),
        "faces.npz": (_IMPORT, _npz(pictures)),
        "faces.h5": (_IMPORT, _h5(pictures)),
        "faces.parquet": (_IMPORT, _parquet(encoded)),
        "model.onnx": (("add-model", "{file}", "--name", "{name}"), _onnx()),
        "patch.json": (("review", "faces", "import", "{file}"), patch.encode()),
        "recipe.toml": (("recipes", "{file}"), own),
        "votes.csv": (
            ("import", "{source}", "--name", "{name}", "--votes", "{file}"),
            b"image,happy,sad\n0.png,3,7\n",
        ),
        "p.csv": (("mislabels", "faces", "--method", "file:{file}"), b"image_id,happy,sad\n0,0.5,0.5\n"),
        **{f"picture.{kind}": (("predict", "{file}"), _encoded(pictures[0], kind)) for kind in _PICTURES},
    }


def _deliveries() -> dict[str, bytes]:
    """Each public set and kind of export that is read, as the tests of readers have them, packed."""
    sys.path[:0] = [str(_TESTS / "data" / "readers"), str(_TESTS / "helpers")]
    known = importlib.import_module("test_fuzz_deliveries").KINDS
    return {kind: _zip(tree) for kind, tree in known.items()}


def _encoded(picture: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    return file.getvalue()


def _png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def _zip(tree: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in tree.items():
            archive.writestr(name, data)
    return file.getvalue()


def _tar(tree: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in tree.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return file.getvalue()


def _npz(pictures: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, x_train=pictures, y_train=np.arange(6) % 2)
    return file.getvalue()


def _h5(pictures: np.ndarray) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store["images"], store["labels"] = pictures, np.arange(6) % 2
    return file.getvalue()


def _parquet(encoded: list[bytes]) -> bytes:
    file = io.BytesIO()
    images = [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(encoded)]
    pq.write_table(pa.table({"image": images, "label": ["happy", "sad"] * 3}), file)
    return file.getvalue()


def _onnx() -> bytes:
    shape = [None, 8, 8, 1]
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Softmax", ["f"], ["y"])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 64])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    entry = model.metadata_props.add()
    entry.key, entry.value = (
        "fer",
        json.dumps({"classes": [f"c{i}" for i in range(64)], "input_size": 8, "color": "gray"}),
    )
    return bytes(model.SerializeToString())

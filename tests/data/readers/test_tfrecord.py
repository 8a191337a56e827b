"""TFRecord as TensorFlow writes it, read without TensorFlow."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from deliveries import Write

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.readers import tfrecord

NAMES = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SHARD = "fer-{split}.tfrecord-0000{n}-of-00002"


@pytest.fixture
def source(tmp_path: Path, faces: Iterator[bytes]) -> Path:
    """What `tfds build` leaves: two shards of train and one of test, written by TensorFlow itself."""
    tf = pytest.importorskip("tensorflow")
    folder = tmp_path / "fer/1.0.0"
    folder.mkdir(parents=True)
    for split, n, labels in (("train", 0, (3, 6)), ("train", 1, (4, 300 % 7)), ("test", 0, (3,))):
        with tf.io.TFRecordWriter(str(folder / SHARD.format(split=split, n=n))) as writer:
            for label in labels:
                feature = {
                    "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[next(faces)])),
                    "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                    "score": tf.train.Feature(float_list=tf.train.FloatList(value=[0.5, 0.25])),
                    "none": tf.train.Feature(),
                }
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())
    (folder / "label.labels.txt").write_text("\n".join(NAMES) + "\n")
    (folder / "features.json").write_text("{}")
    return folder


def test_what_tfds_leaves_is_read(workspace: Workspace, source: Path, faces: Iterator[bytes]) -> None:
    dataset = import_dataset(workspace, source.parent, "faces")
    found = describe(dataset)
    assert found["splits"] == {"train": 4, "val": 0, "test": 1}
    assert found["classes"] == {"happy": 2, "neutral": 2, "sad": 1}
    assert {p["kind"] for p in found["problems"]} <= {"other"}
    alone = import_dataset(workspace, source / SHARD.format(split="train", n=0), "one")
    assert describe(alone)["classes"] == {"happy": 1, "neutral": 1}
    assert set(alone.manifest()["pixel_hash"]) < set(dataset.manifest()["pixel_hash"])


def test_a_damaged_shard_is_told(workspace: Workspace, tmp_path: Path, write: Write, source: Path) -> None:
    data = (source / SHARD.format(split="train", n=0)).read_bytes()
    write("a.tfrecord", data[:-30])
    write("b.tfrecord", b"no record at all")
    with pytest.raises(SourceError, match="not a TFRecord file, or it is damaged"):
        import_dataset(workspace, tmp_path / "set/b.tfrecord", "b")
    with pytest.raises(SourceError, match=r"a\.tfrecord: This is not a TFRecord file"):
        import_dataset(workspace, tmp_path / "set", "faces")


def test_the_checksum_is_that_of_the_format() -> None:
    # RFC 3720, appendix B.4: 32 bytes of zeros have the CRC-32C 0x8a9136aa; TFRecord turns and shifts it.
    plain = 0x8A9136AA
    assert tfrecord.masked_crc(bytes(32)) == (((plain >> 15) | (plain << 17)) + 0xA282EAD8) % 2**32


def test_a_record_of_something_else_has_a_reason(workspace: Workspace, tmp_path: Path) -> None:
    record = b"\x07 neither"
    head = len(record).to_bytes(8, "little")
    crc = tfrecord.masked_crc(head).to_bytes(4, "little")
    (tmp_path / "a.tfrecord").write_bytes(head + crc + record + bytes(4))
    with pytest.raises(SourceError, match=r"no tf\.train\.Example"):
        import_dataset(workspace, tmp_path / "a.tfrecord", "a")


@pytest.mark.parametrize("packed", [True, False])
def test_a_negative_number_is_no_class_with_a_name(packed: bool) -> None:
    number = b"\xff" * 9 + b"\x01"  # -1, two's complement in ten bytes of seven bits
    values = b"\x0a\x0a" + number if packed else b"\x08" + number
    feature = b"\x1a" + bytes([len(values)]) + values
    one = b"\x0a\x05label\x12" + bytes([len(feature)]) + feature
    features = b"\x0a" + bytes([len(one)]) + one
    record = b"\x0a" + bytes([len(features)]) + features
    assert tfrecord.example_of(record) == {"label": -1}
    head = len(record).to_bytes(8, "little")
    whole = head + tfrecord.masked_crc(head).to_bytes(4, "little") + record + bytes(4)
    for names, found in (((), "-1"), (NAMES, None)):
        assert [e.found for e in tfrecord.TfRecordTable(io.BytesIO(whole), "a", names).entries()] == [found]

"""Tables of pictures: FER2013's CSV, Parquet, votes that go with them."""

from __future__ import annotations

import bz2
import gzip
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_sources import fer_csv, png, write_parquet

from fer_core.base.errors import FerError, NotFound, SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset, open_dataset
from fer_core.data.images import decode
from fer_core.data.importing.options import Options
from fer_core.data.importing.votes import unclear_vote, unclear_votes
from fer_core.data.readers import open_reader

FER = ["anger", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def packed(folder: Path, form: str, data: bytes) -> Path:
    path = folder / f"fer2013.{form}"
    if form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("archive/fer2013.csv", data)
    elif form == "tar":
        (folder / "fer2013.csv").write_bytes(data)
        with tarfile.open(path, "w") as archive:
            archive.add(folder / "fer2013.csv", "fer2013.csv")
    elif form == "folder":
        path.mkdir()
        (path / "fer2013.csv").write_bytes(data)
    else:
        path.write_bytes({"csv": bytes, "csv.gz": gzip.compress, "csv.bz2": bz2.compress}[form](data))
    return path


@pytest.mark.parametrize("form", ["csv", "csv.gz", "csv.bz2", "zip", "tar", "folder"])
def test_fer2013_in_every_packing(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, form: str
) -> None:
    dataset = import_dataset(workspace, packed(tmp_path, form, fer_csv(pixels)), "faces")
    manifest = dataset.manifest()
    assert list(manifest["label"]) == [FER[i % 7] for i in range(12)]
    assert list(manifest["split"]) == ["val" if i % 4 == 3 else "train" for i in range(12)]
    np.testing.assert_array_equal(dataset.pixels(), pixels)
    row = manifest.iloc[5]
    np.testing.assert_array_equal(decode(dataset.read_file(row["image_id"])).pixels, pixels[5])
    assert describe(dataset)["problems"] == []


@pytest.mark.parametrize(
    ("header", "quote"),
    [(" Emotion , Pixels,USAGE", ""), ("emotion,pixels,Usage", '"'), ("\ufefflabel,pixels,split", "")],
)
def test_headers_and_quotes_of_all_kinds(tmp_path: Path, pixels: np.ndarray, header: str, quote: str) -> None:
    (tmp_path / "a.csv").write_bytes(fer_csv(pixels, header, quote).replace(b"\n", b"\r\n"))
    reader = open_reader(tmp_path / "a.csv")
    assert [(e.label, e.split) for e in reader.entries()][:4] == [
        ("anger", "train"), ("disgust", "train"), ("fear", "train"), ("happy", "val"),
    ]  # fmt: skip
    np.testing.assert_array_equal(decode(reader.read("000003.png")).pixels, pixels[3])
    for name in ("000012.png", "x.png", "../a.csv"):
        with pytest.raises(NotFound):
            reader.read(name)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("3,1 2 3,Training", "not those of a square"),
        ("3,1 2 3 256,Training", "not all numbers from 0 to 255"),
        ("3,1 2 -3 4,Training", "not all numbers"),
        ("3,1 2 x 4,Training", "not all numbers"),
        ("3,,Training", "not those of a square"),
    ],
)
def test_a_broken_row_is_listed(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, line: str, reason: str
) -> None:
    (tmp_path / "a.csv").write_bytes(fer_csv(pixels) + f"{line}\n".encode())
    found = describe(import_dataset(workspace, tmp_path / "a.csv", "faces"))
    assert found["images"] == 12
    assert [p["path"] for p in found["problems"]] == ["000012.png"]
    assert reason in found["problems"][0]["reason"]


def test_a_row_of_other_columns_is_a_problem(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray
) -> None:
    (tmp_path / "a.csv").write_bytes(fer_csv(pixels) + b"3,1 2 3 4\n")
    found = describe(import_dataset(workspace, tmp_path / "a.csv", "faces"))
    assert found["problems"] == [
        {"path": "000012.png", "reason": "The row has 2 columns, not 3", "kind": "unreadable"}
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b""), ("a.csv", b"image,emotion\n1.png,happy\n"), ("a.csv.gz", b"no gzip"), ("a.csv.bz2", b"BZh9x"),
        ("a.csv.gz", gzip.compress(b"emotion,pixels\n" * 9999, mtime=0)[:60]), ("a.parquet", b"PAR1"),
        ("a.csv", b"emotion,pixels,Usage\n"),
    ],
)  # fmt: skip
def test_what_is_no_table(workspace: Workspace, tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError):
        import_dataset(workspace, tmp_path / name, "faces")
    assert not list(workspace.data.glob("*"))


@pytest.mark.parametrize("plain", [False, True])
def test_parquet_with_class_ids_and_with_words(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, plain: bool
) -> None:
    ids = write_parquet(tmp_path / "ids.parquet", pixels, ["happiness", "Sadness", "contempt"], plain)
    words = write_parquet(tmp_path / "words.parquet", pixels, None, plain)
    for path, third in ((ids, "contempt"), (words, "anger")):
        dataset = import_dataset(workspace, path, path.stem)
        assert list(dataset.manifest()["label"]) == ["happy", "sad", third] * 4
        np.testing.assert_array_equal(dataset.pixels(), pixels)
        assert dataset.read_file(dataset.manifest()["image_id"][7]) == png(pixels[7])


def test_a_folder_of_parquet_shards(workspace: Workspace, tmp_path: Path, pixels: np.ndarray) -> None:
    source = tmp_path / "hub"
    for number, name in enumerate(
        ("train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001")
    ):
        write_parquet(
            source / "data" / f"{name}.parquet", pixels[number * 4 : number * 4 + 4], ["happy", "sad", "fear"]
        )
    (source / "README.md").write_text("about")
    dataset = import_dataset(workspace, source, "hub")
    assert describe(dataset)["splits"] == {"train": 8, "val": 4, "test": 0}
    np.testing.assert_array_equal(dataset.pixels(), pixels)
    (source / "data" / "train-00001-of-00002.parquet").write_bytes(b"PAR1 damaged PAR1")
    found = describe(import_dataset(workspace, source, "again"))
    assert found["images"] == 8
    assert "Parquet" in next(
        p["reason"] for p in found["problems"] if p["path"].endswith("1-of-00002.parquet")
    )


VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"


def votes_file(path: Path, rows: int, changes: dict[int, str] | None = None) -> Path:
    lines = [
        (changes or {}).get(
            i, f"{'PublicTest' if i % 4 == 3 else 'Training'},fer{i * 7:07d}.png,1,{i % 9},0,2,0,0,0,0,1,0"
        )
        for i in range(rows)
    ]
    path.write_text(VOTES + "\n".join(lines) + "\n")
    return path


def test_votes_join_by_position(workspace: Workspace, tmp_path: Path, pixels: np.ndarray) -> None:
    (tmp_path / "a.csv").write_bytes(fer_csv(pixels))
    odd = {2: "Training,,0,1,0,0,0,0,0,0,6,3", 5: "Training,,0,0,0,0,0,0,0,0,0,10"}
    votes = votes_file(tmp_path / "v.csv", 12, odd)
    dataset = import_dataset(workspace, tmp_path / "a.csv", "faces", options=Options(votes=str(votes)))
    manifest, classes = dataset.manifest(), dataset.about["vote_classes"]
    assert classes[:2] == ["neutral", "happy"]
    assert classes[-2:] == ["unknown", "NF"]
    assert list(manifest["votes"][4]) == [1, 4, 0, 2, 0, 0, 0, 0, 1, 0]
    assert {i: w for i, w in unclear_votes(manifest, classes).items() if w} == {2: "unknown", 5: "NF"}
    assert describe(dataset)["votes"] == {
        "classes": classes,
        "images": 12,
        "unclear": {"unknown": 1, "NF": 1},
    }
    skipped = import_dataset(
        workspace, tmp_path / "a.csv", "less", options=Options(votes=str(votes), skip=("NF", "unknown"))
    )
    assert describe(skipped)["skipped"] == {"unknown": 1, "NF": 1}
    assert len(skipped.manifest()) == 10


def test_a_tie_with_an_emotion_is_clear() -> None:
    classes = ("happy", "unknown", "NF")
    assert [unclear_vote(v, classes) for v in ((5, 5, 0), (4, 5, 1), (0, 0, 0), (0, 0, 1))] == [
        "",
        "unknown",
        "",
        "NF",
    ]


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (11, {}, "another number of rows"),
        (12, {1: "PrivateTest,,1,1,1,1,1,1,1,1,1,1"}, "splits differ"),
        (12, {1: "Training,,1,1,many,1,1,1,1,1,1,1"}, "not all counts"),
    ],
)
def test_votes_of_other_images_are_refused(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, rows: int, changes: dict[int, str], message: str
) -> None:
    (tmp_path / "a.csv").write_bytes(fer_csv(pixels))
    votes = votes_file(tmp_path / "v.csv", rows, changes)
    with pytest.raises(SourceError, match=message):
        import_dataset(workspace, tmp_path / "a.csv", "faces", options=Options(votes=str(votes)))
    assert not list(workspace.data.glob("*"))


def test_votes_for_files_join_by_name(workspace: Workspace, tmp_path: Path, pixels: np.ndarray) -> None:
    for i in range(3):
        (tmp_path / "s" / "happy").mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / "happy" / f"{i}.png").write_bytes(png(pixels[i]))
    (tmp_path / "v.csv").write_text("file,votes_happiness,votes_sadness\nhappy/2.png,3,7\nhappy/0.png,9,\n")
    dataset = import_dataset(
        workspace, tmp_path / "s", "faces", options=Options(votes=str(tmp_path / "v.csv"))
    )
    found = dict(zip(dataset.manifest()["path"], dataset.manifest()["votes"], strict=True))
    assert list(found["happy/2.png"]) == [3, 7]
    assert list(found["happy/0.png"]) == [9, 0]
    assert found["happy/1.png"] is None
    assert open_dataset(workspace, "faces").version().id == dataset.head


def test_a_table_takes_no_label_csv(tmp_path: Path, pixels: np.ndarray) -> None:
    (tmp_path / "a.csv").write_bytes(fer_csv(pixels))
    (tmp_path / "l.csv").write_text("image,label\n1.png,happy\n")
    with pytest.raises(FerError, match="holds its classes itself"):
        open_reader(tmp_path / "a.csv", tmp_path / "l.csv")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("emotion;pixels;Usage", "{c};{p};Training"),
        ("emotion\tpixels\tUsage", "{c}\t{p}\tTraining"),
        ("emotion,pixels,Usage", '{c},"[{commas}]",Training'),
        ("emotion,pixels,Usage", "{c},[{commas}],Training"),
        ("pixels,emotion,Usage", '"{commas}",{c},Training'),
    ],
)
def test_pixels_in_any_writing(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, header: str, row: str
) -> None:
    lines = [
        row.format(c=i % 7, p=" ".join(map(str, p.ravel())), commas=", ".join(map(str, p.ravel())))
        for i, p in enumerate(pixels)
    ]
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join([header, *lines]).encode())
    dataset = import_dataset(workspace, tmp_path / "a.csv", "faces")
    assert (dataset.pixels() == pixels).all()
    assert describe(dataset)["splits"]["train"] == len(pixels)


def test_a_table_without_classes_is_told_as_a_table(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray
) -> None:
    (tmp_path / "a.csv").write_text("pixels\n" + "\n".join(" ".join(map(str, p.ravel())) for p in pixels))
    with pytest.raises(FerError, match="no column emotion"):
        import_dataset(workspace, tmp_path / "a.csv", "faces")

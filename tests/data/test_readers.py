"""Folders and archives: what is read, what is listed as a problem, what is refused."""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from made_pictures import names, png, problems, tree, write_tree, write_zip

from fer_core.base.errors import NotFound, SourceError, UnsafeArchive
from fer_core.data.readers import open_reader
from fer_core.data.readers.archive import ArchiveReader, Limits
from fer_core.data.readers.folder import FolderReader


def write_tar(path: Path, files: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def any_source(root: Path, form: str, files: Mapping[str, bytes]) -> Path:
    if form == "folder":
        return write_tree(root / "source", files)
    if form in ("zip", "deflated.zip", "lzma.zip"):
        how = {"zip": zipfile.ZIP_STORED, "deflated.zip": zipfile.ZIP_DEFLATED, "lzma.zip": zipfile.ZIP_LZMA}
        return write_zip(root / form, files, how[form])
    return write_tar(
        root / form, files, {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}[form]
    )


FORMS = ["folder", "zip", "deflated.zip", "lzma.zip", "tar", "tar.gz", "tar.bz2", "tar.xz"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_files(tmp_path: Path, form: str) -> None:
    files = tree() | {"train/happy/empty.png": b""}
    reader = open_reader(any_source(tmp_path, form, files))
    assert {path: reader.read(path) for path in names(reader)} == files
    assert names(reader)["val/neutral/2.png"] == ("val", "neutral")
    assert reader.kind == ("folder" if form == "folder" else "archive")
    with pytest.raises(NotFound, match=r"nowhere\.png"):
        reader.read("train/nowhere.png")
    reader.close()


@pytest.mark.parametrize("form", FORMS)
def test_clutter_is_passed_over(tmp_path: Path, form: str) -> None:
    clutter = {"__MACOSX/train/happy/._0.png": b"x", "train/.DS_Store": b"x", "train/happy/Thumbs.db": b"x"}
    reader = open_reader(any_source(tmp_path, form, tree() | clutter))
    assert {entry.path for entry in reader.entries()} == set(tree())


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_unusual_names(tmp_path: Path, form: str) -> None:
    files = {
        f"train/happy/{name}.png": png(1)
        for name in ("Zoë", "笑顔", 'it\'s "her"', "a b&c;d", "100%", "[x]*", "😀")
    }
    reader = open_reader(any_source(tmp_path, form, files))
    assert set(names(reader)) == set(files)
    assert all(reader.read(path) == png(1) for path in files)


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path / "happy"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")).write_bytes(png())
    reader = FolderReader(tmp_path)
    (path,) = names(reader)
    assert path == r"happy/caf\xe9.png"
    assert reader.read(path) == png()


def test_links_in_a_folder(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "set", {"happy/1.png": png()})
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(9))
    (tmp_path / "other").mkdir()
    for name, target in {
        "out.png": secret, "up.png": Path("../../secret.png"), "inside.png": Path("1.png"),
        "broken.png": Path("gone.png"), "far": tmp_path / "other", "loop": root,
    }.items():  # fmt: skip
        (root / "happy" / name).symlink_to(target)
    reader = open_reader(root)
    assert set(names(reader)) == {"happy/1.png", "happy/inside.png"}
    found = problems(reader)
    assert "leads outside" in found["happy/out.png"]
    assert "leads outside" in found["happy/up.png"]
    assert "leads outside" in found["happy/far"]
    assert "another folder" in found["happy/loop"]
    assert "cannot be read" in found["happy/broken.png"]
    with pytest.raises(SourceError, match="outside"):
        reader.read("happy/out.png")
    with pytest.raises(SourceError, match="outside"):
        reader.read("../secret.png")


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    os.mkfifo(tmp_path / "happy" / "pipe.png")
    assert problems(open_reader(tmp_path)) == {"happy/pipe.png": "Not a regular file"}


def test_a_file_too_large_to_read_is_a_problem(tmp_path: Path) -> None:
    write_tree(tmp_path, {"happy/1.png": b"x" * 2000, "happy/2.png": b"x" * 10})
    assert set(problems(FolderReader(tmp_path, max_file_bytes=1000))) == {"happy/1.png"}
    archive = write_zip(tmp_path / "a.zip", {"happy/1.png": b"x" * 2000, "happy/2.png": b"x" * 10})
    assert set(problems(ArchiveReader(archive, limits=Limits(file_bytes=1000)))) == {"happy/1.png"}


@pytest.mark.parametrize(
    "name", ["../evil.png", "a/../../evil.png", "/etc/evil.png", "C:/evil.png", "..\\evil.png", "\\evil.png"]
)
@pytest.mark.parametrize("form", ["zip", "tar"])
def test_an_archive_that_names_places_outside_itself(tmp_path: Path, form: str, name: str) -> None:
    source = any_source(tmp_path, form, {"happy/1.png": png(), name: png()})
    with pytest.raises(UnsafeArchive, match="outside itself"):
        open_reader(source)


def test_a_zip_with_a_link(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", {"happy/1.png": png()})
    with zipfile.ZipFile(source, "a") as archive:
        link = zipfile.ZipInfo("happy/2.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeArchive, match="holds a link"):
        open_reader(source)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_tar_with_a_link(tmp_path: Path, kind: bytes) -> None:
    source = tmp_path / "a.tar"
    with tarfile.open(source, "w") as archive:
        info = tarfile.TarInfo("happy/1.png")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(UnsafeArchive, match="holds a link"):
        open_reader(source)


def test_a_tar_with_a_device(tmp_path: Path) -> None:
    source = tmp_path / "a.tar"
    with tarfile.open(source, "w") as archive:
        info = tarfile.TarInfo("happy/1.png")
        info.type = tarfile.FIFOTYPE
        archive.addfile(info)
    assert problems(open_reader(source)) == {"happy/1.png": "Not a regular file"}


def test_an_encrypted_zip(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", {"happy/1.png": png()})
    data = bytearray(source.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 8
    data[at] |= 1
    source.write_bytes(data)
    with pytest.raises(UnsafeArchive, match="encrypted"):
        open_reader(source)


@pytest.mark.parametrize(
    "data", [b"", b"no archive\n" * 99, b"PK\x03\x04 and nothing more", b"\x1f\x8b\x08\x00broken"]
)
def test_a_file_that_is_no_archive(tmp_path: Path, data: bytes) -> None:
    source = tmp_path / "faces.zip"
    source.write_bytes(data)
    with pytest.raises(SourceError, match="not a zip or tar") as caught:
        open_reader(source)
    assert "faces.zip" in str(caught.value)


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_a_truncated_archive(tmp_path: Path, form: str) -> None:
    source = any_source(tmp_path, form, tree())
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(SourceError):
        open_reader(source)


def test_a_path_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing at that path"):
        open_reader(tmp_path / "gone")


@pytest.mark.parametrize("form", ["deflated.zip", "tar.gz"])
@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(files=3), "more than 3 files"),
        (Limits(total_bytes=1000), "more than 1,000 bytes"),
        (Limits(ratio=20, ratio_from=1000), "more than 20 times its own size"),
    ],
)
def test_an_archive_that_unpacks_beyond_the_limits(
    tmp_path: Path, form: str, limits: Limits, words: str
) -> None:
    source = any_source(tmp_path, form, {f"happy/{n}.bmp": bytes(50_000) for n in range(5)})
    with pytest.raises(UnsafeArchive, match=words):
        ArchiveReader(source, limits=limits)
    assert len(ArchiveReader(source).entries()) == 5


def test_a_member_that_unpacks_to_more_than_it_says(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", {"happy/1.bmp": bytes(9_000_000)}, zipfile.ZIP_DEFLATED)
    data = bytearray(source.read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", data, data.rindex(mark) + at, 100)
    source.write_bytes(data)
    with pytest.raises(SourceError, match="damaged here"):
        open_reader(source).read("happy/1.bmp")


def test_a_member_whose_bytes_changed(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", {"happy/1.bmp": b"abcdefgh" * 50})
    data = source.read_bytes().replace(b"abcdefgh", b"abcdefgX", 1)
    source.write_bytes(data)
    with pytest.raises(SourceError, match="damaged here"):
        open_reader(source).read("happy/1.bmp")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice(tmp_path: Path) -> None:
    source = tmp_path / "a.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("happy/1.png", png(1))
        archive.writestr("happy/1.png", png(2))
    reader = open_reader(source)
    assert [entry.path for entry in reader.entries()] == ["happy/1.png", "happy/1.png#2"]
    assert "Twice" in problems(reader)["happy/1.png#2"]
    assert reader.read("happy/1.png") == png(2)


def test_windows_separators(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", {"train\\happy\\1.png": png(1)})
    assert names(open_reader(source)) == {"train/happy/1.png": ("train", "happy")}


def test_reading_leaves_an_archive_as_it_is(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", tree())
    before = source.read_bytes(), source.stat().st_mtime_ns
    reader = open_reader(source)
    for path in names(reader):
        reader.read(path)
    reader.close()
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
    assert os.listdir(tmp_path) == ["a.zip"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {"happy/1.png": png(), "sad/2.png": png()})
    (tmp_path / "sad").chmod(0)
    assert "cannot be read" in problems(open_reader(tmp_path))["sad"]
    (tmp_path / "sad").chmod(0o700)

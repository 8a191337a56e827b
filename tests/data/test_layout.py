"""Which split and class a tree of folders names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.base.emotions import canonical_emotion
from fer_core.data.readers.base import Entry, disk_name, is_clutter, shown_name
from fer_core.data.readers.layout import find_folders, with_folder_names


def one(*paths: str) -> list[tuple[str | None, str | None]]:
    found = find_folders([tuple(path.split("/")) if path else () for path in paths])
    return [(split, None if name is None else canonical_emotion(name)) for split, name in found]


@pytest.mark.parametrize(
    ("spelling", "split"),
    [
        *[(name, "train") for name in ("train", "Training", "TRAIN")],
        *[(name, "val") for name in ("val", "valid", "Validation", "dev", "eval", "PublicTest")],
        *[(name, "test") for name in ("test", "Testing", "PrivateTest")],
    ],
)
def test_splits_in_all_their_spellings(spelling: str, split: str) -> None:
    assert one(f"{spelling}/happy") == [(split, "happy")]
    assert one(f"happy/{spelling}") == [(split, "happy")]


@pytest.mark.parametrize(
    ("spelling", "label"),
    [
        ("Happiness", "happy"), ("joy", "happy"), ("surprised", "surprise"), ("sadness", "sad"), ("ANGRY", "anger"),
        ("fearful", "fear"), ("disgusted", "disgust"), ("neutral", "neutral"), ("contempt", "contempt"),
        ("Boredom", "Boredom"),
    ],
)  # fmt: skip
def test_classes_in_all_their_spellings(spelling: str, label: str) -> None:
    assert one(f"train/{spelling}", "test/sad") == [("train", label), ("test", "sad")]


TREES = {
    "split/class": (["train/happy", "test/sad"], [("train", "happy"), ("test", "sad")]),
    "class/split": (["happy/train", "sad/test"], [("train", "happy"), ("test", "sad")]),
    "class alone": (["happy", "sad"], [(None, "happy"), (None, "sad")]),
    "one class": (["happy"], [(None, "happy")]),
    "wrapped": (["a/b/train/happy", "a/b/val/sad"], [("train", "happy"), ("val", "sad")]),
    "nested deeper": (["train/happy/s1", "train/sad/s2/x"], [("train", "happy"), ("train", "sad")]),
    "class/split deeper": (["happy/train/s1", "sad/val/s2"], [("train", "happy"), ("val", "sad")]),
    "wrapper named like a split": (
        ["test/train/happy", "test/val/happy"],
        [("train", "happy"), ("val", "happy")],
    ),
    "some unassigned": (["train/happy", "happy", "unassigned/sad"], [("train", "happy"), (None, "happy"), ("unassigned", "sad")]),
    "mixed order": (["train/happy", "sad/test"], [("train", "happy"), ("test", "sad")]),
    "two batches": (["one/happy", "two/happy"], [(None, "happy"), (None, "happy")]),
    "known among unknown": (["train/happy", "train/calm"], [("train", "happy"), ("train", "calm")]),
    "unknown": (["calm", "bored"], [(None, "calm"), (None, "bored")]),
    "unknown wrapped": (["a/calm", "a/bored"], [(None, "calm"), (None, "bored")]),
    "unknown with splits": (["a/train/calm", "a/test/bored"], [("train", "calm"), ("test", "bored")]),
    "unknown class/split": (["calm/train", "bored/test"], [("train", "calm"), ("test", "bored")]),
    "unknown class/split deeper": (["calm/train/s1", "bored/test/s1"], [("train", "calm"), ("test", "bored")]),
    "one unknown class": (["a/calm"], [(None, "calm")]),
    "one unknown class below a split": (["train/calm/s1", "train/calm/s2"], [("train", "calm"), ("train", "calm")]),
    "loose image": (["a/calm", "a/bored", "a"], [(None, "calm"), (None, "bored"), (None, None)]),
    "loose image at the top": (["train/happy", ""], [("train", "happy"), (None, None)]),
    "a split of its own name": (
        ["train/happy", "Holdout/sad", "Holdout/happy"],
        [("train", "happy"), ("Holdout", "sad"), ("Holdout", "happy")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("tree", TREES)
def test_trees(tree: str) -> None:
    paths, expected = TREES[tree]
    assert one(*paths) == expected


@given(
    st.lists(
        st.lists(
            st.sampled_from(["train", "val", "happy", "sad", "calm", "a", "b", "unassigned"]), max_size=4
        ),
        max_size=8,
    )
)
def test_any_tree_gets_names_whatever_the_order(trails: list[list[str]]) -> None:
    folders = [tuple(trail) for trail in trails]
    found = find_folders(folders)
    assert len(found) == len(folders)
    assert dict(zip(folders, found, strict=True)) == dict(
        zip(folders[::-1], find_folders(folders[::-1]), strict=True)
    )


def test_other_files_do_not_decide_what_folders_mean() -> None:
    paths = ["set/calm/1.png", "set/bored/2.png", "set/readme.txt", "notes/deep/down/a.txt"]
    found = {entry.path: entry.label for entry in with_folder_names([Entry(path) for path in paths])}
    assert found == {paths[0]: "calm", paths[1]: "bored", paths[2]: None, paths[3]: None}


@pytest.mark.parametrize(
    "path", ["__MACOSX/a/1.jpg", "a/.DS_Store", "a/Thumbs.db", ".git/x/1.png", "a/._1.jpg", "desktop.ini", "@eaDir/1.jpg"]
)  # fmt: skip
def test_clutter(path: str) -> None:
    assert is_clutter(path)


def test_files_of_people_are_no_clutter() -> None:
    assert not any(is_clutter(path) for path in ("a/1.jpg", "a.b/c.d.png", "notes.txt", "MACOSX/1.jpg"))


@given(
    st.binary(min_size=1, max_size=12).filter(lambda b: b"/" not in b and b"\0" not in b and b"\\" not in b)
)
def test_names_that_are_not_utf8_go_there_and_back(raw: bytes) -> None:
    name = raw.decode("utf-8", "surrogateescape")
    shown = shown_name(name)
    assert shown.encode("utf-8")
    assert disk_name(shown) == name

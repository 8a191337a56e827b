"""Copies in another frame: planted ones are found wherever they are, as what was done to them; strangers are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from compared import manifest_of, same_scan
from face_tables import faces
from PIL import Image, ImageEnhance

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates import scan
from fer_core.duplicates.groups import find_copies
from fer_core.duplicates.reframed import MIN_REFRAMED, Frames, _proposed
from fer_core.duplicates.registration import Level, register
from fer_core.duplicates.scan_store import compare, pictures_of, scan_file
from fer_core.splits import certificate, leaks
from fer_core.splits.certificate import certify
from fer_core.splits.stratify import save_plan, stratify

COUNT = 40
Change = Callable[[Image.Image], Image.Image]


def part(box: tuple[float, float, float, float]) -> Change:
    return lambda face: face.resize((48, 48), Image.Resampling.BICUBIC, box=box)


def turned(degrees: float) -> Change:
    def change(face: Image.Image) -> Image.Image:
        wide = Image.fromarray(np.pad(np.asarray(face), 24, mode="edge"))
        return wide.rotate(degrees, Image.Resampling.BICUBIC).crop((24, 24, 72, 72))

    return change


CHANGES: dict[str, Change] = {
    "cropped by 10 % a side": part((4.8, 4.8, 43.2, 43.2)),
    "cropped on one side": part((0, 0, 42, 42)),
    "moved by 12 %": lambda face: Image.fromarray(np.roll(np.pad(face, 8, mode="edge"), 6, 1)[8:56, 8:56]),
    "turned by 10 degrees": turned(10),
    "cropped, turned and brighter": lambda face: ImageEnhance.Brightness(
        turned(-6)(part((2, 4, 44, 46))(face))
    ).enhance(1.2),
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [*(("near", name) for name in CHANGES), ("mirrored", "moved by 12 %"), ("mirrored", "cropped, turned and brighter")],
)  # fmt: skip
def test_planted_copies_are_found_and_no_stranger(name: str, kind: str) -> None:
    originals = faces(COUNT, seed=3)
    shown = originals[:, :, ::-1] if kind == "mirrored" else originals
    changed = np.stack([np.asarray(CHANGES[name](Image.fromarray(face))) for face in shown])
    pixels = np.concatenate([originals, changed])
    table = manifest_of(pixels)
    pictures = pictures_of(table, pixels)
    found = scan.extend_scan(None, pictures, kind)
    place = pictures.rows
    ends = zip(place[found.first], place[found.second], found.correlation, strict=True)
    pairs = {frozenset((int(one), int(other))) for one, other, score in ends if score >= 0.92}
    planted = {frozenset((at, at + COUNT)) for at in range(COUNT)}
    assert not pairs - planted
    assert len(planted & pairs) >= 0.85 * COUNT
    assert found.framed.sum() >= 0.9 * len(pairs)  # not in the same frame
    assert (found.bits[found.framed] <= 6).mean() > 0.9  # laid onto each other their hashes are near
    groups = find_copies(table, compare(table, pixels, kinds=(kind,), known={kind: found})).table
    copies = groups[groups["kind"] != "exact"]  # all but the first of each group
    assert copies["framed"].sum() >= 0.8 * COUNT
    assert not groups.loc[groups["kind"] == "exact", "framed"].any()


def test_a_registration_tells_what_was_done() -> None:
    """Against the similarity that OpenCV carried out."""
    originals = faces(30, seed=8)
    for scale, degrees, right, down in ((1.15, 0, 0, 0), (0.9, 5, 2, -3), (1, -8, 5, 1), (1, 0, -6, 0)):
        onto = cv2.getRotationMatrix2D((23.5, 23.5), degrees, scale)
        onto[:, 2] += right, down
        changed = np.stack([
            cv2.warpAffine(face, onto, (48, 48), borderMode=cv2.BORDER_REPLICATE) for face in originals
        ])  # fmt: skip
        every = np.arange(len(originals))
        found = register(Level.pyramid(originals), Level.pyramid(changed), every, every, (1, 1.25, 0.8))
        good = found.correlation > MIN_REFRAMED
        assert good.mean() >= 0.9
        assert np.allclose(np.abs(found.turn[good]), scale, atol=0.03)
        assert np.allclose(np.degrees(np.angle(found.turn[good])), -degrees, atol=1.5)
        assert np.allclose(found.shift[good], right + 1j * down, atol=0.7)


def test_extending_finds_what_comparing_at_once_does() -> None:
    originals = faces(30, seed=4)
    changed = np.stack([np.asarray(CHANGES["cropped on one side"](Image.fromarray(f))) for f in originals])
    pixels = np.concatenate([changed, originals])[np.random.default_rng(1).permutation(60)]
    table = manifest_of(pixels)
    for kind in ("near", "mirrored"):
        whole = scan.extend_scan(None, pictures_of(table, pixels), kind)
        half = scan.extend_scan(None, pictures_of(table.iloc[:25], pixels), kind)
        same_scan(scan.extend_scan(half, pictures_of(table, pixels), kind), whole)


def test_a_copy_in_the_same_frame_stays_one() -> None:
    """Its distance and correlation are those at whole pixels, though it could be laid on more closely."""
    originals = faces(20, seed=6)
    noise = np.random.default_rng(0).normal(0, 9, originals.shape)
    pixels = np.concatenate([originals, np.clip(originals + noise, 0, 255).astype(np.uint8)])
    found = scan.extend_scan(None, pictures_of(manifest_of(pixels), pixels), "near")
    assert len(found.first) == 20
    assert not found.framed.any()


@pytest.fixture
def sample(tmp_path: Path) -> Dataset:
    return make_sample(Workspace(tmp_path), count=300)


def test_a_certificate_from_before_is_shown_as_what_it_is(sample: Dataset) -> None:
    apart = save_plan(sample, stratify(sample.manifest(), groups="exact"))
    paper = certify(sample, apart.id)
    assert paper.framed
    assert paper.current
    assert "in another frame" in paper.method
    file = certificate.certificate_path(sample, apart.id)
    old = json.loads(file.read_text()) | {"near": 0, "mirrored": 0, "exact": 0, "holds": True}
    del old["framed"]
    file.write_text(json.dumps(old))
    for kind in ("near", "mirrored"):
        scan_file(sample, kind).unlink()
    read = certificate.load(sample, apart.id)
    assert read is not None
    assert not read.current
    assert read.narrow == "checked in the same frame only"
    assert read.missed.startswith("Copies in another frame")
    found = leaks.leaks_of(sample, apart.id)
    assert found.verdict == "narrow"
    assert "in the same frame only" in found.sentence
    certify(sample, apart.id)
    assert leaks.leaks_of(sample, apart.id).framed


def test_many_twins_take_no_place_from_a_copy_that_is_less_alike() -> None:
    """As where two sets of one origin meet: every picture has six twins, and one copy whose vector is further away."""
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(8256, 160)).astype(np.float32)
    plain /= np.linalg.norm(plain, axis=1, keepdims=True)
    new = np.arange(8000, 8256)
    for number in range(6):
        plain[number * 256 : number * 256 + 256] = plain[new]
    apart = plain[2000:2256] - (plain[2000:2256] * plain[new]).sum(axis=1, keepdims=True) * plain[new]
    apart /= np.linalg.norm(apart, axis=1, keepdims=True)
    plain[2000:2256] = 0.5 * plain[new] + np.sqrt(0.75) * apart
    frames = Frames(levels=(), plain=plain, larger=np.zeros_like(plain))
    i, j = _proposed(frames, frames, np.arange(8256), 8000, 8256, 8256)
    assert {(int(a), int(b)) for a, b in zip(i, j, strict=True)} >= {(2000 + n, 8000 + n) for n in range(256)}

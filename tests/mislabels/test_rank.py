"""Wrong labels: the planted ones come first, copies never vouch for themselves, odd sets are looked after."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from face_tables import faces, manifest_of
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core import mislabels
from fer_core.base.errors import TooFewImages
from fer_core.data.datasets import Dataset
from fer_core.data.sample.drawing.face import draw_face
from fer_core.data.sample.truth import SampleTruth
from fer_core.explore.features import _SCALES, Features, describe
from fer_core.mislabels import quick_model
from fer_core.mislabels.quick_model import PENALTY, _Kernel, held_out_scores, neighbour_shares, tempered

EMOTIONS = ("happy", "neutral", "sad", "surprise")


@pytest.fixture(scope="session")
def ranking(sample: Dataset) -> pd.DataFrame:
    return mislabels.rank(sample.manifest(), sample.pixels())


def labelled(count: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Drawn faces with their right labels."""
    pixels = faces(count)
    return manifest_of(pixels, labels=[EMOTIONS[i % 4] for i in range(count)]), pixels


def test_planted_wrong_labels_come_first(ranking: pd.DataFrame, planted: SampleTruth) -> None:
    wrong = planted["wrong_labels"]
    assert ranking["path"][:90].isin(list(wrong)).sum() >= 0.85 * len(wrong)
    suggested = ranking.set_index("path")["suggested"].loc[list(wrong)]
    assert (suggested == pd.Series(wrong)).mean() >= 0.9


def test_likely_wrong_labels_are_mostly_wrong(ranking: pd.DataFrame, planted: SampleTruth) -> None:
    conflicting = {path for pair in planted["conflicting"] for path in pair["paths"]}
    known = set(planted["wrong_labels"]) | conflicting | set(planted["blank"])
    likely = mislabels.likely_wrong(ranking)
    assert likely["path"].isin(known).mean() >= 0.8
    assert 50 <= len(likely) <= 90
    summary = mislabels.summary(ranking)
    assert summary["likely_wrong"] == len(likely) == sum(pair["images"] for pair in summary["pairs"])


def test_one_row_per_readable_image_worst_first(ranking: pd.DataFrame, sample: Dataset) -> None:
    table = sample.manifest()
    assert sorted(ranking["image_id"]) == sorted(table.loc[table["error"] == "", "image_id"])
    names = ["image_id", "path", "split", "label", "suggested", "score", "given_p", "suggested_p"]
    chances_of = ["p_happy", "p_surprise", "p_neutral", "p_sad"]
    assert list(ranking.columns) == [*names, *chances_of, "issue", "ambiguous", "likely_wrong", "told", "why"]
    assert ranking["score"].is_monotonic_increasing
    assert ranking["score"].between(0, 1).all()
    chances = ranking[chances_of]
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1)
    assert (ranking["suggested"] == chances.idxmax(axis=1).astype(str).str.removeprefix("p_")).all()
    assert not (
        mislabels.likely_wrong(ranking)["label"] == mislabels.likely_wrong(ranking)["suggested"]
    ).any()


def test_the_reason_is_in_words(ranking: pd.DataFrame, planted: SampleTruth) -> None:
    reasons = ranking.set_index("path")["why"]
    assert reasons.str.match(
        r"looks \w+ \((\.\d\d|1\.00)\)( or \w+ \(\.\d\d\))?; \d+ of 20 nearest faces are \w+"
    ).all()
    original, copy = planted["conflicting"][0]["paths"]
    label = copy.split("/")[1]
    assert f"a copy is labelled {label}" in reasons[original]


def test_the_order_of_the_files_does_not_matter(sample: Dataset, ranking: pd.DataFrame) -> None:
    mixed = sample.manifest().sample(frac=1, random_state=1)
    again = mislabels.rank(mixed, sample.pixels())
    pd.testing.assert_frame_equal(again, ranking, atol=1e-6)


def test_a_copy_does_not_hide_a_wrong_label() -> None:
    """Two equal pictures, wrongly labelled the same: without groups the one would vouch for the other."""
    table, pixels = labelled(160)
    table.loc[0, "label"] = "sad"
    copy = table.iloc[[0]].assign(image_id="copy", path="train/sad/copy.png", row=160)
    both = pd.concat([table, copy], ignore_index=True)
    ranked = mislabels.rank(both, np.concatenate([pixels, pixels[:1]]))
    assert set(ranked["path"][:6]) >= {table["path"][0], "train/sad/copy.png"}


def test_groups_given_by_the_caller_are_kept_apart() -> None:
    """Labels at random, each shared by two nearly equal pictures: a twin in the training set makes them look right."""
    twins = np.repeat(np.arange(60), 2)
    pixels = faces(60)[twins] ^ np.tile(np.array([0, 1], np.uint8), 60)[:, None, None]
    chosen = np.random.default_rng(0).integers(0, 2, 60)[twins]
    table = manifest_of(pixels, labels=[EMOTIONS[c] for c in chosen])
    alone = mislabels.rank(table, pixels)
    apart = mislabels.rank(table, pixels, groups=twins)
    assert (alone["label"] == alone["suggested"]).mean() > 0.9
    assert (apart["label"] == apart["suggested"]).mean() < 0.7


def test_a_class_of_one_image_is_ranked_but_not_judged() -> None:
    table, pixels = labelled(80)
    table.loc[5, "label"] = "contempt"
    ranked = mislabels.rank(table, pixels)
    row = ranked[ranked["label"] == "contempt"].iloc[0]
    assert (row["score"], row["suggested"], bool(row["likely_wrong"])) == (1.0, "contempt", False)
    assert "only picture" in row["why"]
    assert "p_contempt" in ranked


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["happy"] * 30, "happy: 30"),
        (["happy"] * 29 + ["sad"], "sad: 1"),
        ([], "no images"),
        (["happy", "sad"] * 5, "12 different pictures"),
    ],
)
def test_sets_no_model_can_judge_are_explained(labels: list[str], words: str) -> None:
    pixels = faces(len(labels))
    with pytest.raises(TooFewImages, match=words):
        mislabels.rank(manifest_of(pixels, labels=labels), pixels)


def test_the_smallest_set_works_and_blank_pictures_do_no_harm() -> None:
    table, pixels = labelled(16)
    pixels[3] = 0
    pixels[4] = 255
    ranked = mislabels.rank(table, pixels)
    assert len(ranked) == 16
    assert np.isfinite(ranked["score"]).all()


def test_progress_is_told_from_start_to_end() -> None:
    table, pixels = labelled(24)
    told: list[tuple[int, int, str]] = []
    mislabels.rank(table, pixels, progress=lambda *step: told.append(step))
    assert [done for done, _, _ in told] == list(range(told[0][1] + 1))
    assert all(what for _, _, what in told)


def test_a_ranking_is_kept_by_version_and_method(
    sample: Dataset, ranking: pd.DataFrame, tmp_path: Path
) -> None:
    assert mislabels.load(sample, "0" * 16, "quick") is None
    mislabels.save(sample, sample.head, "quick", ranking)
    kept = mislabels.load(sample, sample.head, "quick")
    assert kept is not None
    pd.testing.assert_frame_equal(kept, ranking)
    assert mislabels.load(sample, sample.head, "run:0001-compact") is None
    assert mislabels.methods(sample, sample.head) == ["quick"]
    path = mislabels.ranking_path(sample, sample.head, "quick")
    assert [p.name for p in path.parent.iterdir() if "mislabels" in p.name] == [path.name]
    path.write_bytes(b"not a table")
    assert mislabels.load(sample, sample.head, "quick") is None
    path.unlink()


def test_held_out_scores_equal_fitting_without_the_group() -> None:
    """The shortcut through the hat matrix against doing it the long way."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 5)).astype(np.float32)
    features = Features(vectors, vectors[:, ::-1].copy(), (5,))
    targets = np.eye(3)[rng.integers(0, 3, 60)]
    groups = np.repeat(np.arange(30), 2)
    found = held_out_scores(features, targets, groups)
    kernel = _Kernel(features, np.arange(60), 0).rows(slice(0, 60)).astype(np.float64)
    wanted = targets - targets.mean(axis=0)
    for group in (0, 7, 29):
        own = groups == group
        rest = kernel[~own]
        normal = rest.T @ rest + PENALTY * np.eye(kernel.shape[1])
        long_way = kernel[own] @ np.linalg.solve(normal, rest.T @ wanted[~own]) + targets.mean(axis=0)
        assert found[own] == pytest.approx(long_way, abs=2e-3)


def test_a_kernel_too_large_to_keep_gives_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    features = describe(faces(60))
    targets, groups = np.eye(4)[np.arange(60) % 4], np.arange(60) // 3
    kept = held_out_scores(features, targets, groups)
    monkeypatch.setattr(quick_model, "_ROOM", 0)
    monkeypatch.setattr(quick_model, "_BLOCK", 10)
    assert held_out_scores(features, targets, groups).argmax(axis=1).tolist() == kept.argmax(axis=1).tolist()


def test_neighbours_never_come_from_the_same_group() -> None:
    vectors = np.eye(4, dtype=np.float32).repeat(2, axis=0)
    targets = np.eye(2)[[0, 0, 1, 1, 0, 0, 1, 1]]
    groups = np.arange(8) // 2
    shares = neighbour_shares(vectors, targets, groups, count=6)
    assert shares[0] == pytest.approx([1 / 3, 2 / 3])
    assert shares.sum(axis=1) == pytest.approx(1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_tempering_keeps_the_order_and_never_explains_worse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(40, 3)), np.eye(3)[rng.integers(0, 3, 40)]
    chances = tempered(logits, targets)
    assert chances.sum(axis=1) == pytest.approx(1)
    assert (chances.argmax(axis=1) == logits.argmax(axis=1)).all()
    plain = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert -(targets * np.log(chances)).sum() <= -(targets * np.log(plain)).sum() + 0.05


@pytest.mark.parametrize("scale", range(4))
def test_a_mirrored_histogram_is_that_of_the_mirrored_picture(scale: int) -> None:
    pixels = faces(30)
    here = _SCALES[scale]
    direct = here.histogram(np.ascontiguousarray(pixels[:, :, ::-1]))
    swapped = here.mirror(here.histogram(pixels))
    assert np.corrcoef(direct.ravel(), swapped.ravel())[0, 1] > 0.97


def test_emotions_of_drawn_faces_can_be_learned() -> None:
    import random

    emotions = [EMOTIONS[i % 4] for i in range(800)]
    pixels = np.stack([draw_face(random.Random(f"learn-{i}"), e) for i, e in enumerate(emotions)])
    targets = np.eye(4)[np.arange(800) % 4]
    scores = held_out_scores(describe(pixels), targets, np.arange(800))
    assert (scores.argmax(axis=1) == np.arange(800) % 4).mean() > 0.9

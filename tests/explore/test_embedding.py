"""Maps of points whose neighbourhoods are known, against scikit-learn, and maps of the sample kept and read again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sklearn.decomposition import PCA

from fer_core.base.errors import FerError, NotFound
from fer_core.data.datasets import Dataset
from fer_core.explore import embedding_store
from fer_core.explore.embedding import lay_out, principal_components, stratified_sample
from fer_core.explore.facts import ImageFacts


def clusters(each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three far clusters in 20 dimensions, and which is which."""
    draw = np.random.default_rng(seed)
    middles = draw.normal(0, 10, (3, 20))
    which = np.repeat(np.arange(3), each)
    return (middles[which] + draw.normal(0, 1, (3 * each, 20))).astype(np.float32), which


def purity(points: np.ndarray, which: np.ndarray) -> float:
    """Share of points whose nearest neighbour is of their own cluster."""
    apart = np.square(points[:, None] - points[None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    return float((which[apart.argmin(axis=1)] == which).mean())


def test_components_are_those_of_scikit_learn() -> None:
    vectors, _ = clusters(100)
    found, share = principal_components(vectors, 2)
    known = PCA(2, svd_solver="full").fit(vectors)
    expected = known.transform(vectors)
    for axis in range(2):
        assert abs(np.corrcoef(found[:, axis], expected[:, axis])[0, 1]) > 0.9999
    assert share == pytest.approx(known.explained_variance_ratio_.sum(), rel=1e-4)
    again, _ = principal_components(vectors[::-1], 2)
    np.testing.assert_allclose(again[::-1], found, atol=1e-3)


def test_tsne_keeps_clusters_apart_and_puts_the_rest_among_them() -> None:
    vectors, which = clusters(60)
    told: list[tuple[int, int, str]] = []
    layout = lay_out(vectors, which, "tsne", sample=90, progress=lambda *step: told.append(step))
    assert layout.laid.sum() == 90
    assert np.abs(layout.points).max() == pytest.approx(1)
    assert purity(layout.points, which) == 1
    assert told[0] == (0, 375, "steps of the layout")
    assert any(done == 375 for done, _, what in told if what == "steps of the layout")
    assert told[-1] == (90, 90, "faces put on the map")


def test_few_points_and_unknown_methods() -> None:
    one = lay_out(np.ones((1, 5), np.float32), np.zeros(1, int), "tsne")
    assert one.points.shape == (1, 2)
    assert lay_out(np.ones((0, 5), np.float32), np.zeros(0, int)).points.shape == (0, 2)
    with pytest.raises(FerError, match="method must be one of"):
        lay_out(np.ones((3, 5), np.float32), np.zeros(3, int), "umap")


@settings(max_examples=50)
@given(some.lists(some.integers(0, 5), min_size=1, max_size=200), some.integers(1, 60))
def test_a_sample_holds_every_group_in_proportion(groups: list[int], size: int) -> None:
    table = np.array(groups)
    chosen = stratified_sample(table, size)
    assert len(np.unique(chosen)) == len(chosen) == min(size, len(table))
    codes, counts = np.unique(table, return_counts=True)
    for code, count in zip(codes, counts, strict=True):
        assert abs((table[chosen] == code).sum() - count * len(chosen) / len(table)) <= len(codes)


def test_maps_of_the_sample_are_kept(sample: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = ImageFacts(sample, sample.head)
    monkeypatch.setattr(embedding_store, "AT_MOST", 400)
    table = embedding_store.compute_map(facts)
    assert len(table) == 400
    assert table.attrs["images"] == int(facts.readable.sum())
    assert (facts.columns.positions(table["image_id"]) == table["place"]).all()
    assert embedding_store.load_map(sample, sample.head, "pixels", "pca") is None
    embedding_store.save_map(facts, "pixels", "pca", table)
    again = embedding_store.load_map(sample, sample.head, "pixels", "pca")
    assert again is not None
    assert list(again["image_id"]) == list(table["image_id"])
    assert again.attrs["images"] == table.attrs["images"]
    embedding_store.map_path(sample, sample.head, "pixels", "pca").write_bytes(b"half")
    assert embedding_store.load_map(sample, sample.head, "pixels", "pca") is None
    with pytest.raises(FerError, match="features must be"):
        embedding_store.compute_map(facts, "smell")
    with pytest.raises(NotFound):
        embedding_store.compute_map(facts, "run:0099-none")

"""Views with a name: kept as they were, with their run; what is no name, or the name of another, is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_core.base.errors import FerError, ManifestError
from fer_core.base.workspace import Workspace
from fer_core.charts.distributions import handle_edges
from fer_core.data.sample.make import make_sample
from fer_core.explore.filter import Selection
from fer_core.explore.saved_views import FILE, SavedView, forget_view, keep_view, read_views

DARK = SavedView(
    Selection(any_of={"label": ("happy", "sad")}, flags=("dark",), order="-sharpness").with_range("side", 40)
)
WRONG = SavedView(Selection(flags=("run_wrong",)), "0007-compact")


def test_views_are_kept_and_forgotten_and_none_takes_the_name_of_another(tmp_path: Path) -> None:
    dataset = make_sample(Workspace(tmp_path), count=120)
    assert read_views(dataset) == {}
    keep_view(dataset, "  dark   and sad ", DARK)
    keep_view(dataset, "wrong", WRONG)
    keep_view(dataset, "wrong", WRONG)
    assert WRONG.selection.of_run
    assert not DARK.selection.of_run
    assert read_views(dataset) == {"dark and sad": DARK, "wrong": WRONG}
    with pytest.raises(FerError, match="Another view has this name"):
        keep_view(dataset, "wrong", DARK)
    forget_view(dataset, "dark and sad")
    assert read_views(dataset) == {"wrong": WRONG}
    for name in ("", "  ", "x" * 61):
        with pytest.raises(FerError, match="1 to 60"):
            keep_view(dataset, name, DARK)
    (dataset.folder / FILE).write_text("[]")
    with pytest.raises(ManifestError, match="saved views"):
        read_views(dataset)


def test_handles_stand_between_few_values_and_even_over_many() -> None:
    votes = np.array([0.2, 0.3, 0.3, 0.5, np.nan])
    assert handle_edges(votes).tolist() == pytest.approx([0.2, 0.25, 0.4, 0.5])
    assert np.histogram(votes[:4], handle_edges(votes))[0].tolist() == [1, 2, 1]
    assert not len(handle_edges(np.full(9, 48.0)))
    many = np.append(np.linspace(0, 1, 5000), 900.0)  # one far away takes no room
    edges = handle_edges(many)
    assert len(edges) == 29
    assert edges[-2] == pytest.approx(0.995, abs=0.01)
    assert np.histogram(many, edges)[0].sum() == 5001
    one_size = np.concatenate([np.full(9900, 48.0), np.linspace(20, 47, 50), np.linspace(49, 90, 50)])
    edges = handle_edges(one_size)
    for place, edge in enumerate(edges[1:-1], start=1):  # what the bars below a handle tell is what passes
        assert np.histogram(one_size, edges)[0][:place].sum() == (one_size <= edge).sum()
    assert len(edges) > 3

"""The explorer's map, by page: it goes by all filters whose chips stand above it."""

from __future__ import annotations

from pathlib import Path

import pytest
from opened_pages import html_of, opened

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.explore.facts import ImageFacts
from fer_core.explore.filter import Selection


def test_the_map_shows_what_its_chips_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    sample = make_sample(Workspace(tmp_path), count=120)
    happy = Selection(any_of={"label": ("happy",)}).positions(ImageFacts(sample, sample.head))
    app = opened("pages/data/explore.py", {"label": "happy"}, view="Map", features="pixels", layout="pca")
    assert f"{len(happy):,} faces; circle" in html_of(app)
    app.session_state["exp-state"].ids = tuple(happy[:3].tolist())
    assert ">3 faces; circle" in html_of(app.run())

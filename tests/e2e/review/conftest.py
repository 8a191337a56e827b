"""The review component on the sample: ranked once for a file of tests, with an empty journal for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from driver import App, Screen
from review_data import forget_decisions
from review_desk import EVERY, Line, ready

from fer_core import mislabels
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.mislabels import judges


@pytest.fixture
def screen(context: Any, app: App) -> Iterator[Screen]:
    """A page whose browser has nothing in its storage: what a test leaves unsaved there is sent again by the next page."""
    shown = Screen(context.new_page(), app.url)
    stored = {"origin": app.url, "storageTypes": "local_storage"}
    context.new_cdp_session(shown.page).send("Storage.clearDataForOrigin", stored)
    yield shown
    shown.page.close()


@pytest.fixture(scope="module")
def ranked(app: App) -> Dataset:
    dataset = make_sample(Workspace(app.home), count=700)
    found = judges.judge(dataset, dataset.head, judges.Judge.parse("quick"))
    mislabels.save(dataset, dataset.head, "quick", found)
    return dataset


@pytest.fixture
def dataset(ranked: Dataset) -> Dataset:
    forget_decisions(ranked.folder)
    return ranked


@pytest.fixture
def order(dataset: Dataset) -> pd.DataFrame:
    ranking = mislabels.load(dataset, dataset.head)
    assert ranking is not None
    return ranking


@pytest.fixture
def line(app: App) -> Iterator[Line]:
    made = Line(app.port)
    yield made
    made.close()


@pytest.fixture
def desk(screen: Screen, dataset: Dataset) -> Screen:
    screen.page.on("dialog", lambda dialog: dialog.accept())
    screen.open(f"mislabels?dataset={dataset.name}{EVERY}")
    ready(screen)
    return screen


@pytest.fixture
def second(browser: Any, app: App) -> Iterator[Screen]:
    """Another person's browser."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    shown = Screen(context.new_page(), app.url)
    yield shown
    context.close()

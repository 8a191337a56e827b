"""A served app, a real browser, and a workspace of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from driver import CHROMIUM, FLAGS, App, Screen, fake_camera, free_port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if not CHROMIUM.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail(f"No browser at {CHROMIUM}, and CI=true")
        pytest.skip(
            f"browser tests skipped: no Chromium at {CHROMIUM}; install Debian's chromium or set CHROMIUM"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        video = fake_camera(tmp_path_factory.mktemp("camera") / "face.mjpeg")
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={video}"]
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("home"), free_port())
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def context(browser: Any, app: App) -> Iterator[Any]:
    """One browser profile for a file of tests: the scripts of the app are fetched and compiled once."""
    made = browser.new_context(viewport={"width": 1440, "height": 900})
    made.set_default_timeout(30_000)
    yield made
    made.close()


@pytest.fixture
def screen(context: Any, app: App) -> Iterator[Screen]:
    shown = Screen(context.new_page(), app.url)
    yield shown
    shown.page.close()

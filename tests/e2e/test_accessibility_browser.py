"""Every page and every view, light and dark: axe-core finds nothing, but for what Streamlit itself draws."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from axe_playwright_python.sync_playwright import Axe
from driver import App, Screen
from made_runs import tell_epochs, trained

from fer_core import mislabels
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.evaluation.report import evaluate_run
from fer_core.mislabels import judges

VIEWS = (
    "", "explore", "explore?view=Faces", "explore?view=Averages", "explore?view=Measures", "explore?view=Versions",
    "duplicates", "mislabels", "mislabels?mis-view=Decisions", "stratify", "train", "compare",
    "compare?look=Settings", "compare?look=Journey",
    "compare?look=Slices", "compare?look=Datasets", "predict", "doctor",
)  # fmt: skip
EMPTY = ("", "explore", "train", "predict")

_STREAMLIT = ("[data-testid=stSidebarNavItems]", "[data-testid=stFileUploaderDropzone]")
"""The navigation's sections lie between a list and its items; a drop field has a name and no role."""

_DRAWN = """scheme => { const app = document.querySelector('[data-testid="stApp"]');
  const [red] = getComputedStyle(app).backgroundColor.match(/\\d+/g);
  return (scheme === 'dark') === (Number(red) < 128)
    && !document.querySelector('[data-testid="stApp"][data-test-script-state="running"]'); }"""

_UNREAD = """() => { const parts = c => c.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = parts(c).map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { while (e && parts(getComputedStyle(e).backgroundColor)[3] === 0) e = e.parentElement;
    return e ? getComputedStyle(e).backgroundColor : 'rgb(255, 255, 255)'; };
  return [...document.querySelectorAll('[data-testid="stMain"] button:disabled p')].filter(p => {
    const [low, high] = [light(getComputedStyle(p).color), light(behind(p))].sort((a, b) => a - b);
    return (high + .05) / (low + .05) < 3; }).map(p => p.innerText); }"""
"""Buttons that cannot be pressed and whose words cannot be read; axe leaves them out."""


@pytest.fixture(scope="module")
def filled(app: App) -> App:
    dataset = make_sample(Workspace(app.home), count=300)
    ranking = judges.judge(dataset, dataset.head, judges.Judge.parse("quick"))
    mislabels.save(dataset, dataset.head, "quick", ranking)
    for share in (0.5, 0.7):
        run = trained(dataset, share)
        tell_epochs(run, [share - 0.2, share])
        evaluate_run(run)
    return app


def faults(screen: Screen, path: str) -> list[str]:
    """What axe finds on a page that has come to rest, light and dark."""
    screen.page.emulate_media(color_scheme="light")
    screen.open(path)
    screen.no_exception()
    found = []
    for scheme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=scheme)
        screen.page.wait_for_function(_DRAWN, arg=scheme)
        answer = Axe().run(screen.page, context={"exclude": [[part] for part in _STREAMLIT]}).response
        assert answer["passes"], path
        unread = screen.page.evaluate(_UNREAD)
        found += [f"/{path}, {scheme}: unreadable while disabled: {words}" for words in unread]
        found += [
            f"/{path}, {scheme}: {fault['impact']} {fault['id']}: {node['html'][:140]}"
            for fault in answer["violations"]
            for node in fault["nodes"][:3]
        ]
    return found


def nothing(screen: Screen, paths: Sequence[str]) -> None:
    found = [line for path in paths for line in faults(screen, path)]
    assert not found, "\n".join(found)


def test_nothing_on_pages_without_a_dataset(screen: Screen) -> None:
    nothing(screen, EMPTY)


def test_nothing_on_any_view_of_a_dataset_with_runs(screen: Screen, filled: App) -> None:
    nothing(screen, VIEWS)

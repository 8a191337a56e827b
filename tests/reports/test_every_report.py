"""What all reports share: they stand alone, and no name of a class, file, dataset or run means anything in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from html_pages import Page, stands_alone
from made_runs import answer
from PIL import Image

from fer_core import mislabels
from fer_core.base.workspace import Workspace
from fer_core.data import notes
from fer_core.data.admin import annotate
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.evaluation import leaderboard, report, run_pair
from fer_core.recipes.recipe import load, override
from fer_core.reports import (
    certificate_page,
    comparison_page,
    dataset_report,
    document,
    markdown,
    model_card,
    production,
    story,
)
from fer_core.reports.table_text import as_text
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.splits import certificate

TAG = "<script>alert(1)<"  # as far as a name of a file can go
LINK = "[x](http:"
HOSTILE = f"{TAG} {LINK} \"q\" 'a' `c` & | {{{{ 7*7 }}}} {{% x %}} #h _e_"
CLASSES = [HOSTILE, "sad"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two classes and two splits with one copy across, all names hostile; with notes, a ranking and a certificate."""
    root, rng = tmp_path_factory.mktemp("hostile"), np.random.default_rng(0)
    for split in ("train", "val"):
        for name in CLASSES:
            folder = root / "source" / split / name
            folder.mkdir(parents=True)
            for i in range(6):
                pixels = rng.integers(0, 255, (48, 48)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{HOSTILE} {i}.png")
    shared = Image.fromarray(np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1)))
    shared.save(root / "source" / "train" / "sad" / f"{HOSTILE} a.png")
    shared.save(root / "source" / "val" / CLASSES[0] / f"{HOSTILE} b.png")
    made = import_dataset(Workspace(root / "home"), root / "source", "set")
    manifest = made.manifest()
    assert set(manifest["label"]) == set(CLASSES)
    notes.write_note(made, HOSTILE)
    notes.write_note(made, HOSTILE, label=CLASSES[0])
    annotate(made, "v1", name="a b 'c' &", note=HOSTILE)
    rows = manifest[["image_id", "path", "split", "label"]].assign(
        suggested=HOSTILE, score=0.5, issue=True, ambiguous=False, likely_wrong=True
    )
    mislabels.save(made, made.head, "quick", rows)
    certificate.certify(made)
    return made


@pytest.fixture(scope="module")
def runs(dataset: Dataset) -> list[Run]:
    """Two finished runs with answers on val; one of them is right."""
    found: list[Run] = []
    part = dataset.manifest().query("split == 'val'")
    other = dict(zip(CLASSES, CLASSES[::-1], strict=True))
    for said in (part["label"], part["label"].map(other)):
        recipe = override(load("compact"), {"training.epochs": 1 + len(found)})
        run = create_run(
            dataset.workspace, "set", dataset.head, recipe, state="finished", version_number=1,
            classes=CLASSES, device=HOSTILE, packages={HOSTILE: "1"},
        )  # fmt: skip
        run.update(recipe=HOSTILE)
        answer(run, "val", part, said.tolist(), CLASSES, sure=0.9)
        report.evaluate_run(run)
        found.append(run)
    return found


def board(runs: list[Run]) -> pd.DataFrame:
    columns = {"rank": "1=", "run": [run.id for run in runs], "recipe": HOSTILE, HOSTILE: HOSTILE}
    return pd.DataFrame(columns).assign(low=0.1, accuracy=0.5, high=0.9)


def card_row(run: Run) -> leaderboard.LeaderboardRow:
    return next(row for row in leaderboard.rows(run.workspace) if row["run"] == run.id)


PAGES: dict[str, Callable[[Dataset, list[Run]], str]] = {
    "dataset": lambda dataset, runs: dataset_report.write(dataset),
    "certificate": lambda dataset, runs: certificate_page.write(dataset).read_text(),
    "comparison": lambda dataset, runs: comparison_page.page(
        HOSTILE,
        HOSTILE,
        board(runs),
        run_pair.compare_runs(runs[0], runs[1], "val"),
        run_pair.differing_settings(runs)[0],
    ),
    "model card": lambda dataset, runs: document.html(model_card.card(runs[0], card_row(runs[0]))),
    "production page": lambda dataset, runs: document.html(
        production.page(runs[0], card_row(runs[0]), HOSTILE)
    ),
    "story": lambda dataset, runs: document.html(story.build(dataset)),
}


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_stands_alone_and_names_stay_names(kind: str, dataset: Dataset, runs: list[Run]) -> None:
    text = PAGES[kind](dataset, runs)
    page = stands_alone(text)
    said = [page.words, *page.alts]
    assert any(HOSTILE in words for words in said)  # as it is written, none of it lost
    assert "&lt;script&gt;alert(1)" in text
    assert "<script" not in text
    assert page.tags.count("style") == 1


@pytest.mark.parametrize("kind", PAGES)
def test_the_same_facts_give_the_same_page(kind: str, dataset: Dataset, runs: list[Run]) -> None:
    first, second = (
        re.sub(r"Made \S+ by", "", PAGES[kind](dataset, runs).partition("</style>")[2]) for _ in "12"
    )
    assert first == second


def shown(text: str) -> str:
    """What a reader of Markdown sees of one line without code, by CommonMark's rule: a backslash shows what follows."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def unescaped(text: str, mark: str) -> bool:
    return bool(re.search(rf"(?<!\\)(?:\\\\)*{re.escape(mark)}", text))


def test_a_card_in_markdown_holds_no_link_and_no_markup(runs: list[Run]) -> None:
    text = document.markdown(model_card.card(runs[0], card_row(runs[0])))
    prose = [line for line in text.splitlines() if "Again:" not in line and not line.startswith("|")]
    assert HOSTILE in shown("\n".join(prose))
    for mark in ("<", ">", "](", "[", "`", "|"):
        assert not unescaped("\n".join(prose), mark), mark
    (command,) = [line for line in text.splitlines() if "Again:" in line]
    fence = re.search(r"Again: (`+)", command)
    assert fence
    assert command.count(fence[1]) == 2 or len(fence[1]) == 1


def test_tables_for_other_programs_keep_their_columns(runs: list[Run]) -> None:
    table = board(runs)
    for line in as_text(table, "markdown").splitlines():
        assert len(re.findall(r"(?<!\\)\|", line)) == table.shape[1] + 1
        assert not unescaped(line, "<")
    rows = as_text(table, "latex").splitlines()[4:-2]
    assert len(rows) == len(runs)
    for row in rows:
        assert len(re.findall(r"(?<!\\)&", row)) == table.shape[1] - 1
        assert not re.search(r"(?<!\\)[#%$_]", row)


@pytest.mark.parametrize(
    "text", ["plain 0.912", "model_b", "2026-11-28", "1. not a list", "# none", "a`b``c", "x\ny"]
)
def test_markdown_shows_what_was_given(text: str) -> None:
    assert shown(markdown.escape(text)) == " ".join(text.split())


def test_names_that_need_no_escape_stay_readable() -> None:
    for text in ("model_b", "0001-compact", "accuracy 0.912 (of 3,589)", "2026-11-28T10:00:00+00:00"):
        assert markdown.escape(text) == text


def test_certificates_of_nothing(dataset: Dataset, tmp_path: Path) -> None:
    """Unknown is said, never shown as zero."""
    certificate.certify(dataset, distance=None)
    page = Page(certificate_page.write(dataset).read_text())
    assert "train and val" in page.words
    assert "not checked" in page.words
    certificate.certify(dataset)

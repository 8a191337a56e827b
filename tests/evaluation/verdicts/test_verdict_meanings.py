"""Every verdict on curves has a meaning, and the guide has the same; what was expected is held against what came."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from made_runs import bare, tell_epochs

from fer_core.evaluation import advice
from fer_core.evaluation.report import CHANCE, DISTRUST, HARD, VERDICTS
from fer_core.evaluation.verdicts.expectation import against, outcome_of
from fer_core.evaluation.verdicts.meanings import MEANINGS
from fer_core.runs import run_annotations

ROOT = Path(__file__).resolve().parents[3]


def test_every_word_that_advice_can_say_has_a_meaning_which_the_guide_repeats() -> None:
    tree = ast.parse(Path(str(advice.__file__)).read_text(encoding="utf-8"))
    made = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "Advice"]
    said = {n.args[0].value for n in made if isinstance(n.args[0], ast.Constant)}
    assert said >= {"plateau", "unstable", "weak class"}
    assert set(MEANINGS) == said | {word for _, word in VERDICTS} | {CHANCE, DISTRUST, HARD}
    guide = (ROOT / "docs" / "guide-training.md").read_text(encoding="utf-8")
    for word, meaning in MEANINGS.items():
        assert f"| {word} | {meaning} |" in guide


@pytest.mark.parametrize(
    ("expected", "interval", "word"),
    [
        (0.66, (0.65, 0.75), "as expected"),
        (0.64, (0.65, 0.75), "better than expected"),
        (0.76, (0.65, 0.75), "worse than expected"),
        (0.705, None, "as expected"),
        (0.72, None, "worse than expected"),
    ],
)
def test_as_expected_is_inside_the_interval(
    expected: float, interval: tuple[float, float] | None, word: str
) -> None:
    assert against(expected, 0.7, interval).word == word


def test_an_expectation_is_kept_with_the_run_and_judged_once_it_has_ended(tmp_path: Path) -> None:
    run = bare(tmp_path, "0001-compact", state="paused")
    run_annotations.expect(run)
    assert not (run.folder / "marks.json").exists()
    run_annotations.expect(run, " why ", 1)
    assert run_annotations.read(run)["expected"] == 1.0
    assert run_annotations.read(run)["hypothesis"] == "why"
    tell_epochs(run, [0.4, 0.5])
    assert outcome_of(run) is None
    run.update(state="finished")
    told = outcome_of(run)
    assert told is not None
    assert (told.word, told.text) == ("worse than expected", "expected 1.000, came .500: 50.0 points below")

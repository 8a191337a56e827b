"""What somebody expected of a run, beside what came.

>>> against(0.7, 0.68, (0.65, 0.71)).word
'as expected'
>>> against(0.7, 0.6, (0.55, 0.65)).text
'expected .700, came .600: 10.0 points below'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.evaluation.report import ScoredRun, leaderboard
from fer_core.runs import run_annotations
from fer_core.runs.run import Run

_CLOSE = 0.01  # where no interval is known: a point


@dataclass(frozen=True)
class Outcome:
    """Expected and found validation accuracy.

    Attributes:
        word: the verdict: within the 95 % interval of what was found, above it or below it.
        text: both numbers, in words.
    """

    word: Literal["as expected", "better than expected", "worse than expected"]
    text: str

    @property
    def level(self) -> Literal["good", "warn"]:
        """How the verdict is to be taken."""
        return "warn" if self.word == "worse than expected" else "good"


@dataclass(frozen=True)
class Expectation:
    """What was said of a run before it was made, and what came.

    Attributes:
        run: its id.
        hypothesis: why it was made; "" where nobody said.
        expected, came: accuracies on validation, 0..1; None where nobody said, and until it has ended with one.
        outcome: of both; None where one is missing.
    """

    run: str
    hypothesis: str
    expected: float | None
    came: float | None
    outcome: Outcome | None

    def record(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "run": self.run,
            "hypothesis": self.hypothesis,
            "expected": self.expected,
            "came": self.came,
            "verdict": self.outcome and self.outcome.word,
        }


def expectations(rows: Iterable[LeaderboardRow]) -> list[Expectation]:
    """Of the runs somebody said something of before they were made, the oldest first."""
    said = sorted(
        (row for row in rows if row["hypothesis"] or row["expected"] is not None), key=lambda row: row["run"]
    )
    return [
        Expectation(
            row["run"], row["hypothesis"], row["expected"], _came(row), _outcome(row["expected"], row)
        )
        for row in said
    ]


def against(expected: float, found: float, interval: tuple[float, float] | None) -> Outcome:
    """Hold what came against what was expected, both accuracies 0..1.

    Args:
        expected: by whoever started the run.
        found: at the best epoch, on validation.
        interval: 95 %, of `found`; None where it is not known: a point either way then.
    """
    low, high = interval or (found - _CLOSE, found + _CLOSE)
    points = round(100 * (found - expected), 1)
    way = "above" if points > 0 else "below"
    text = f"expected {_short(expected)}, came {_short(found)}: {abs(points):.1f} points {way}"
    if low <= expected <= high:
        return Outcome("as expected", text)
    return Outcome("better than expected" if found > expected else "worse than expected", text)


def outcome_of(run: Run) -> Outcome | None:
    """`against` of a run that has ended; None where nobody expected a number, or it has none."""
    expected = run_annotations.read(run)["expected"]
    return None if expected is None else _outcome(expected, leaderboard([run])[0])


def _came(row: ScoredRun) -> float | None:
    return row["val_accuracy"] if row["state"] in ("finished", "stopped") else None


def _outcome(expected: float | None, row: ScoredRun) -> Outcome | None:
    found = _came(row)
    if expected is None or found is None:
        return None
    low, high = row["val_low"], row["val_high"]
    return against(expected, found, None if low is None or high is None else (low, high))


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")

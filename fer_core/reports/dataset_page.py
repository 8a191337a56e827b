"""The page of a dataset report: facts in, `templates/dataset.html` filled, one HTML document out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, cast

import pandas as pd

from fer_core.base.emotions import emotion_colors
from fer_core.checks import checks
from fer_core.data import manifest
from fer_core.data.notes import KINDS
from fer_core.explore import cues
from fer_core.mislabels.summary import wrong_level
from fer_core.reports.dataset_facts import WORST
from fer_core.reports.templating import command, render
from fer_core.splits.balance import DRIFT_WORDS, drift_level

if TYPE_CHECKING:
    from fer_core.reports.dataset_facts import ReportFacts

_PAIRS = 8  # of classes that are confused most


@dataclass(frozen=True)
class SplitRow:
    """A split: images per class, its share, the share it should have (None: no target), and the verdict on it."""

    split: str
    counts: list[int]
    share: float
    target: float | None
    verdict: str
    words: str


@dataclass(frozen=True)
class ClassRow:
    """A class: images, their share, the share of an even split, and the weight that balances it."""

    name: str
    images: int
    share: float
    ideal: float
    weight: float


class _Splits(TypedDict):
    class_names: list[str]
    splits: list[SplitRow]
    largest: int
    drift: tuple[str, str] | None


class _Balance(TypedDict):
    balance: list[ClassRow]
    images: dict[str, int]
    palette: dict[str, str]
    top_share: float


class _Cues(TypedDict):
    parts: list[str]
    signs: list[cues.Cues]
    own_cues: list[tuple[str, str, str]]
    pairs: list[cues.Difference]
    cues_source: str


class _Copies(TypedDict):
    across: int
    leak_names: list[str]
    leak_counts: list[list[int]]
    leaking: list[list[PictureRow]]


class _Wrong(TypedDict, total=False):
    wrong_share: float
    wrong_verdict: str
    wrong_pairs: list[tuple[str, str, int]]
    wrong_rows: list[PictureRow]


class PictureRow(TypedDict, total=False):
    """What is shown of an image: its picture, and its label beside the one suggested."""

    image_id: str
    path: str
    split: str
    label: str
    suggested: str


def page(facts: ReportFacts) -> str:
    """The whole document."""
    name, version = facts.dataset.name, facts.version
    known = facts.dataset.versions()
    worst = {check: _pictures(rows) for check, rows in facts.worst.items()}
    return render(
        "dataset.html",
        facts=facts,
        leak_words=[words.rstrip(".") for words in facts.across.words],
        samples={name: _pictures(rows) for name, rows in facts.samples.items()},
        checks=[(c, facts.checks[c.name]["flagged"], worst.get(c.name, [])) for c in checks.CHECKS],
        versions=known,
        numbers={v.id: v.number for v in known},
        again=command("report", name, "--version", version.id, "--out", "report.html"),
        certify=command("certify", name, "--version", version.id),
        rank=command("mislabels", name),
        **_splits(facts),
        **_balance(facts),
        **_cues(facts),
        **_copies(facts),
        **_wrong(facts),
    )


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _pictures(rows: pd.DataFrame) -> list[PictureRow]:
    names = [name for name in PictureRow.__annotations__ if name in rows]
    return [cast(PictureRow, row) for row in records(rows[names])]


def _splits(facts: ReportFacts) -> _Splits:
    counted = manifest.counts(facts.manifest)
    judged = dict(zip(facts.shares.index, records(facts.shares), strict=True))
    rows = [_split(str(split), [int(n) for n in row], judged[split]) for split, row in counted.iterrows()]
    drift = None
    if facts.drift:
        level = drift_level(facts.drift["cramers_v"])
        drift = (level, DRIFT_WORDS[level])
    return {
        "class_names": [str(name) for name in counted.columns],
        "splits": rows,
        "largest": max(int(counted.to_numpy().max()) if counted.size else 1, 1),
        "drift": drift,
    }


def _split(name: str, counts: list[int], judged: Mapping[str, Any]) -> SplitRow:
    target = None if pd.isna(judged["target"]) else float(judged["target"])
    return SplitRow(
        name, counts, float(judged["share"]), target, str(judged["verdict"]), str(judged["words"])
    )


def _balance(facts: ReportFacts) -> _Balance:
    names = [str(name) for name in facts.classes.index]
    rows = [
        ClassRow(name, int(row["images"]), float(row["share"]), float(row["ideal"]), float(row["weight"]))
        for name, row in zip(names, records(facts.classes), strict=True)
    ]
    return {
        "balance": rows,
        "images": {row.name: row.images for row in rows},
        "palette": emotion_colors([*names, *facts.samples]),
        "top_share": max([row.share for row in rows] + [1e-9]),
    }


def _cues(facts: ReportFacts) -> _Cues:
    """What tells the classes apart, with the dataset's own words where it has some."""
    names = tuple(str(name) for name in facts.classes.index)
    known = [found for name in names if (found := cues.cues_for(name, facts.notes))]
    told = (("distinguishes", "note"), ("confuses", "confused"))
    return {
        "parts": list(cues.PARTS),
        "signs": [one for one in known if one.signs],
        "own_cues": [
            (one.label, KINDS[kind].lower(), words)
            for one in known
            for kind, field in told
            if (words := getattr(one, field))
        ],
        "pairs": cues.differences(names, facts.notes),
        "cues_source": cues.source(),
    }


def _copies(facts: ReportFacts) -> _Copies:
    groups = facts.groups.table.groupby("group")["split"].nunique()
    return {
        "across": int((groups > 1).sum()),
        "leak_names": [str(name) for name in facts.leaks.columns],
        "leak_counts": facts.leaks.to_numpy().tolist(),
        "leaking": [_pictures(rows) for _, rows in facts.leaking.groupby("group", sort=False)],
    }


def _wrong(facts: ReportFacts) -> _Wrong:
    wrong, ranking = facts.wrong, facts.ranking
    if wrong is None or ranking is None:
        return {}
    pairs = wrong.groupby(["label", "suggested"]).size().sort_values(ascending=False).head(_PAIRS)
    return {
        "wrong_share": len(wrong) / max(len(ranking), 1),
        "wrong_verdict": wrong_level(len(wrong), len(ranking)),
        "wrong_pairs": [
            (label, suggested, int(n)) for label, suggested, n in pairs.reset_index().itertuples(index=False)
        ],
        "wrong_rows": _pictures(wrong.head(2 * WORST)),
    }

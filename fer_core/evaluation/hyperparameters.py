"""The settings of many runs as one table, and how much each goes with the accuracy."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core.evaluation.data_axis import settings
from fer_core.recipes.recipe import Setting, fields, parse
from fer_core.runs.run import Run

SEED = "training.seed"
ORIGIN = ("name", "extends", "description")
"""Fields that say where a recipe comes from, not what it does."""
_known: dict[str, tuple[int, dict[str, Setting] | None]] = {}
_LIST = re.compile(r"[\[{]")
_MOST = 4000  # runs kept in memory


def settings_of(run: Run) -> dict[str, Setting] | None:
    """Every setting of a run by its dotted name; None where its recipe cannot be read. Do not change it."""
    path = f"{run.folder}/recipe.toml"
    try:
        stamp = os.stat(path).st_mtime_ns
    except OSError:
        return None
    held = _known.get(path)
    if held is None or held[0] != stamp:
        if len(_known) > _MOST:
            _known.clear()
        held = _known[path] = (stamp, _read(path))
    return held[1]


def _read(path: str) -> dict[str, Setting] | None:
    try:
        found = fields(parse(Path(path).read_text(encoding="utf-8")))
    except Exception:  # cut off, or from another version of the app
        return None
    return {name: value for name, value in found.items() if name not in ORIGIN}


def with_data(run: Run) -> dict[str, Setting] | None:
    """`settings_of`, and the lineage of the version it has learned from (`data_axis.settings`)."""
    own = settings_of(run)
    return None if own is None else {**own, **settings.of_run(run)}


def may_match(run: Run, lines: Set[str]) -> bool:
    """Whether a run's recipe may be the one with these `plain_lines`: much cheaper than to read it.

    A yes can be wrong, a no is right: an older app wrote fewer lines, and none that the recipe does not have.
    """
    path = f"{run.folder}/recipe.toml"
    try:
        about = os.stat(path)
        return _lines_of(path, about.st_mtime_ns, about.st_size, about.st_ino) <= lines
    except (OSError, UnicodeDecodeError):
        return False


@lru_cache(maxsize=_MOST)
def _lines_of(path: str, changed: int, size: int, inode: int) -> Set[str]:
    with open(path, encoding="utf-8") as file:
        return frozenset(map(sys.intern, plain_lines(file.read())))


def plain_lines(text: str) -> Set[str]:
    """The lines `key = value` of a recipe's text, without lists and tables, and without where it comes from."""
    return {
        line
        for line in text.splitlines()
        if "=" in line and not (_LIST.search(line) or line.startswith(ORIGIN))
    }


def varying(runs: Sequence[Run]) -> pd.DataFrame:
    """The settings in which runs differ, those of the data they have learned from too.

    Returns:
        index run id, one column per setting (the seed is left out), values as numbers, booleans or words; a setting
        another kind of optimizer, schedule, loss or network does not have is missing. Runs without a readable recipe
        are left out.
    """
    found = {run.id: values for run in runs if (values := with_data(run)) is not None}
    names = list(dict.fromkeys(name for values in found.values() for name in values if name != SEED))
    table = pd.DataFrame(
        {name: [plain_value(values.get(name)) for values in found.values()] for name in names},
        index=list(found),
        dtype=object,
    )
    return table.loc[:, [len({repr(v) for v in table[name]}) > 1 for name in table]]


def plain_value(value: Any) -> Any:
    """A number or boolean as it is, None for none, anything else in words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return _blocks(value) or "none"
    return str(value)


def value_text(value: Any) -> str:
    """A setting as a person reads it."""
    value = plain_value(value)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _blocks(items: Sequence[Any]) -> str:
    """Layers of a network in few words: `conv 28, residual 28 60 124, global average`."""
    parts: list[tuple[str, list[str]]] = []
    for item in items:
        kind = str(item.get("kind", "?")).replace("_", " ") if isinstance(item, Mapping) else str(item)
        size = str(item.get("filters") or item.get("units") or "") if isinstance(item, Mapping) else ""
        if not parts or parts[-1][0] != kind:
            parts.append((kind, []))
        parts[-1][1].append(size)
    return ", ".join(" ".join([kind, *sizes]).strip() for kind, sizes in parts)


def explained_share(values: pd.Series, accuracy: pd.Series) -> float:
    """Share of the spread of the accuracy that goes with a setting (eta squared, 0..1), however it came about."""
    total = float(((accuracy - accuracy.mean()) ** 2).sum())
    if total <= 0:
        return 0.0
    means = accuracy.groupby(values.map(repr)).transform("mean")
    return float(((means - accuracy.mean()) ** 2).sum()) / total


def short_name(name: str, among: Sequence[str]) -> str:
    """The last part of a dotted name, where no other of these ends so."""
    last = name.rpartition(".")[2]
    alone = sum(other.rpartition(".")[2] == last for other in among) == 1
    return re.sub("_", " ", last) if alone and last != "name" else name

"""Probabilities that another program made, read from CSV or Parquet and checked before anything uses them.

One row per image: a column `image_id` or `path`, and one column per class, named as the class or `p_<class>`.

    read_probabilities(Path("probs.csv"), dataset.manifest(version.id))
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fer_core.base.emotions import canonical_emotion
from fer_core.base.errors import ProbabilityError, first_line
from fer_core.data.manifest import classes, readable

TOLERANCE = 0.02
"""By which a row's sum may miss 1: probabilities are often written with two digits."""
_ENDINGS = (".parquet", ".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zst", ".csv.zip")
_IDS = ("image_id", "path")
_HINT = "One column image_id or path, and one column of probabilities per class"


def read_probabilities(path: Path, manifest: pd.DataFrame) -> pd.DataFrame:
    """Out-of-sample probabilities of a file.

    Args:
        path: `.csv`, optionally compressed, or `.parquet`. It may cover a part of the images.
        manifest: the version they are about; its classes are the columns that are needed.

    Returns:
        index image_id, columns the classes, float64; rows sum to 1.

    Raises:
        ProbabilityError: the file cannot be read, lacks a class or names one too many, names unknown images or one
            twice, or holds values that are no probabilities.
    """
    table = _read(path)
    key = next((name for name in _IDS if name in table), None)
    if key is None:
        columns = ", ".join(map(str, table.columns[:8]))
        raise ProbabilityError(
            "The file does not say which image a row is about", received=columns, hint=_HINT
        )
    values = _values(_named(table.drop(columns=[name for name in _IDS if name in table]), classes(manifest)))
    ids = _known(table[key].astype("str"), key, manifest)
    twice = ids[ids.duplicated()]
    if len(twice):
        said = table[key].astype("str")[twice.index[0]]
        raise ProbabilityError("An image occurs more than once in the file", received=said)
    return values.set_axis(pd.Index(ids, name="image_id"), axis=0)


def _read(path: Path) -> pd.DataFrame:
    if not path.name.lower().endswith(
        _ENDINGS
    ):  # messages quote it, and another file may hold what nobody should read there
        raise ProbabilityError(
            "Probabilities are read from CSV and Parquet",
            received=path.name,
            hint="End its name in .csv or .parquet",
        )
    try:
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, dtype=dict.fromkeys(_IDS, "str"))  # an id of digits is no number
    except (OSError, ValueError, UnicodeError) as error:
        raise ProbabilityError(
            "The file of probabilities cannot be read", received=path, hint=first_line(error)
        ) from error
    if table.empty:
        raise ProbabilityError("The file of probabilities holds no rows", received=path)
    return table


def _named(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """The class columns in the version's order; other columns than classes are an error, for one may be a class."""
    found: dict[str, str] = {}
    other = []
    prefixed = any(str(column).startswith("p_") for column in table)
    for column in map(str, table.columns):
        if prefixed and not column.startswith("p_"):
            continue
        name = column.removeprefix("p_")
        name = name if name in names else canonical_emotion(name)
        if name not in names:
            other.append(column)
        elif name in found:
            raise ProbabilityError(
                "Two columns are about the same class", received=f"{found[name]}, {column}"
            )
        else:
            found[name] = column
    lacking = [name for name in names if name not in found]
    if lacking or other:
        said = f"columns {', '.join(found.values()) or 'for no class'}"
        said += f"; not a class: {', '.join(other)}" if other else ""
        raise ProbabilityError(
            f"The file needs one column for each of the {len(names)} classes: {', '.join(names)}",
            received=said + (f"; lacking: {', '.join(lacking)}" if lacking else ""),
            hint="Other columns are passed over where those of classes are named p_<class>",
        )
    return table[[found[name] for name in names]].set_axis(list(names), axis=1)


def _values(table: pd.DataFrame) -> pd.DataFrame:
    numbers = table.apply(pd.to_numeric, errors="coerce").astype("float64")
    bad = ~np.isfinite(numbers.to_numpy()).all(axis=1)
    if bad.any():
        _refuse("are not numbers", bad, table)
    outside = ((numbers < 0) | (numbers > 1)).to_numpy().any(axis=1)
    if outside.any():
        _refuse("lie outside 0 to 1", outside, table, "Logits have to go through a softmax first")
    total = numbers.sum(axis=1)
    off = (np.abs(total - 1) > TOLERANCE).to_numpy()
    if off.any():
        _refuse("do not sum to 1", off, table, "Divide each row by its sum, if they are shares")
    return pd.DataFrame(numbers.div(total, axis=0))


def _refuse(what: str, rows: np.ndarray, table: pd.DataFrame, hint: str = "") -> None:
    first = int(np.flatnonzero(rows)[0])
    said = ", ".join(f"{name} {value}" for name, value in table.iloc[first].items())
    count = f"{int(rows.sum()):,} of {len(table):,} rows"
    raise ProbabilityError(f"Probabilities {what} in {count}", received=f"row {first + 1}: {said}", hint=hint)


def _known(ids: pd.Series, key: str, manifest: pd.DataFrame) -> pd.Series:
    """image_id of every row."""
    table = readable(manifest).drop_duplicates(key, keep=False)  # two sources may hold the same path
    of = dict(zip(table[key], table["image_id"], strict=True))
    found = ids.map(of)
    unknown = ids[found.isna()]
    if len(unknown):
        raise ProbabilityError(
            f"{len(unknown):,} of {len(ids):,} rows are about no image of this version, or about several",
            received=", ".join(unknown[:3]),
            hint="Name the version the probabilities were made for with --version",
        )
    return found

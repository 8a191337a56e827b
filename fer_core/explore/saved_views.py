"""Views of a dataset that somebody gave a name: filter and order as they stand in an address, for all who open the dataset.

keep_view(dataset, "dark and sad", SavedView(Selection(any_of={"label": ("sad",)}, flags=("dark",))))
read_views(dataset)["dark and sad"].selection.positions(facts)
"""

from __future__ import annotations

from dataclasses import dataclass

from fer_core.base.atomic import read_json, write_json
from fer_core.base.errors import FerError, ManifestError
from fer_core.data.dataset import Dataset
from fer_core.data.versions import lock
from fer_core.explore.filter import Selection

FILE = "views.json"
_LONGEST = 60


@dataclass(frozen=True)
class SavedView:
    """What is looked at, and the id of the run whose answers it goes by; "" for none."""

    selection: Selection
    run: str = ""


def read_views(dataset: Dataset) -> dict[str, SavedView]:
    """All views, by name.

    Raises:
        ManifestError: the file is damaged.
    """
    path = dataset.folder / FILE
    try:
        return {
            str(name): SavedView(Selection.from_query(query), str(query.get("run", "")))
            for name, query in read_json(path).items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ManifestError(
            "The file of saved views is damaged", received=path, hint="Mend or remove it"
        ) from error


def keep_view(dataset: Dataset, name: str, view: SavedView) -> None:
    """Keep a view under a name that no other view has.

    Raises:
        FerError: no name, a long one, or one that is taken.
    """
    clean = " ".join(name.split())
    if not 0 < len(clean) <= _LONGEST:
        raise FerError(f"The name of a view has 1 to {_LONGEST} characters", received=repr(name))
    with lock(dataset.folder):
        known = read_views(dataset)
        if known.get(clean, view) != view:
            raise FerError(
                "Another view has this name",
                received=repr(clean),
                hint="Take another name, or forget that view first",
            )
        _write(dataset, known | {clean: view})


def forget_view(dataset: Dataset, name: str) -> None:
    """Take a view away; nothing happens where there is none of that name."""
    with lock(dataset.folder):
        _write(dataset, {n: view for n, view in read_views(dataset).items() if n != name})


def _write(dataset: Dataset, views: dict[str, SavedView]) -> None:
    plain = {n: v.selection.to_query() | ({"run": v.run} if v.run else {}) for n, v in views.items()}
    write_json(dataset.folder / FILE, plain)

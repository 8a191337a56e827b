"""Views of a dataset that somebody gave a name: filter and order as they stand in an address, for all who open the dataset.

keep_view(dataset, "dark and sad", Selection(any_of={"label": ("sad",)}, flags=("dark",)))
read_views(dataset)["dark and sad"].positions(facts)
"""

from __future__ import annotations

from fer_core.base.atomic import read_json, write_json
from fer_core.base.errors import FerError, ManifestError
from fer_core.data.dataset import Dataset
from fer_core.data.versions import lock
from fer_core.explore.filter import Selection

FILE = "views.json"
_LONGEST = 60


def read_views(dataset: Dataset) -> dict[str, Selection]:
    """All views, by name.

    Raises:
        ManifestError: the file is damaged.
    """
    path = dataset.folder / FILE
    try:
        return {str(name): Selection.from_query(query) for name, query in read_json(path).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ManifestError(
            "The file of saved views is damaged", received=path, hint="Mend or remove it"
        ) from error


def keep_view(dataset: Dataset, name: str, chosen: Selection | None) -> None:
    """Keep a view under a name, in place of another of that name; None takes it away.

    Raises:
        FerError: no name, or a long one.
    """
    clean = " ".join(name.split())
    if not 0 < len(clean) <= _LONGEST:
        raise FerError(f"The name of a view has 1 to {_LONGEST} characters", received=repr(name))
    with lock(dataset.folder):
        known = {n: view.to_query() for n, view in read_views(dataset).items() if n != clean}
        write_json(dataset.folder / FILE, known if chosen is None else known | {clean: chosen.to_query()})

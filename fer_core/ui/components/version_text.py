"""What made a version, in a few words: from its operation and parameters."""

from __future__ import annotations

from fer_core.data.versions import Version
from fer_core.splits.ratios import percent
from fer_core.ui.components.markup import plural

OPERATIONS: dict[str, str] = {
    "import": "Imported",
    "refresh": "New files added",
    "review": "Decisions applied",
    "stratify": "New split",
    "separate": "Leaks dropped",
    "fold": "One fold",
    "merge": "Images of another dataset added",
}
_ACTIONS = {"relabel": "relabelled", "delete": "dropped", "ambiguous": "ambiguous", "restore": "restored"}


def operation(version: Version) -> str:
    """`New split`; an operation nobody gave words to keeps its own."""
    return OPERATIONS.get(version.operation, version.operation)


def made_by(version: Version) -> str:
    """`80 / 10 / 10, 1,204 images moved`: the parameters that matter; "" where nothing is known."""
    told = version.parameters
    words: list[str] = []
    if version.operation == "import":
        words = [str(told["source"])] if told.get("source") else []
        words += [f"{plural(sum(told['skipped'].values()), 'image')} left out"] if told.get("skipped") else []
    elif version.operation == "refresh":
        words = [plural(int(told.get("added", 0)), "image")]
    elif version.operation == "review":
        words = [f"{n:,} {_ACTIONS.get(action, action)}" for action, n in told.get("counts", {}).items() if n]
    elif version.operation == "stratify":
        ratios = told.get("ratios")
        shares = list(ratios.values()) if isinstance(ratios, dict) else list(ratios or [])
        words = [" / ".join(f"{share:.0f}" for share in percent(shares))] if shares else []
        words += [f"{plural(int(told['moved']), 'image')} moved"] if "moved" in told else []
    elif version.operation == "fold":
        words = [f"{told.get('fold')} of {told.get('of')} is val"]
    elif version.operation == "merge":
        added = sum(int(each.get("added", 0)) for each in dict(told.get("classes", {})).values())
        words = [plural(added, "image")] if added else []
        words += [f"from {told.get('dataset')} into {told.get('into')}"]
    return ", ".join(word for word in words if word)

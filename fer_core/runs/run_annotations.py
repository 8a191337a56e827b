"""What people say about runs: star, tags, note, archived, what they expected; and what they did with them, in a journal.

Marks are `marks.json` beside the run. `models/runs-journal.jsonl` keeps every change, one line each. A deleted run
is moved to `models/deleted/`, weights and all, until somebody empties that folder.
"""

from __future__ import annotations

from typing import Any, cast

from fer_core.base.atomic import make_folder, read_json, replace, write_json
from fer_core.base.checksums import write_checked
from fer_core.base.errors import NotFound, RunError
from fer_core.base.jsonl import append_line, read_object
from fer_core.base.workspace import Workspace, now
from fer_core.runs.records import Marks
from fer_core.runs.run import Run

NO_MARKS: Marks = {
    "star": False,
    "tags": [],
    "note": "",
    "archived": False,
    "hypothesis": "",
    "expected": None,
}
_TYPES: dict[str, type] = {
    "star": bool, "tags": list, "note": str, "archived": bool, "hypothesis": str, "expected": float,
}  # fmt: skip


def read(run: Run) -> Marks:
    """All marks; what the file holds of another type counts as not said."""
    found = read_object(run.folder / "marks.json")
    told = {name: found[name] for name, kind in _TYPES.items() if isinstance(found.get(name), kind)}
    return cast(Marks, {**NO_MARKS, **told})


def annotate(run: Run, **marks: Any) -> Marks:
    """Set some marks, keep the others; all of them are returned."""
    result = cast(Marks, {**read(run), **marks})
    if "tags" in marks:
        result["tags"] = sorted({tag.strip() for tag in result["tags"] if tag.strip()})
    if result != read(run):
        write_json(run.folder / "marks.json", result)
        _journal(run.workspace, run.id, "mark", **marks)
    return result


def expect(run: Run, hypothesis: str = "", expected: float | None = None) -> None:
    """Note what somebody expects of a run, so that it stands beside what comes; nothing said leaves no mark.

    Args:
        run: not ended yet, or it is no expectation.
        hypothesis: why it is made, in words.
        expected: validation accuracy, 0..1.

    Raises:
        RunError: no share.
    """
    check_expected(expected)
    marks: dict[str, object] = {}
    if hypothesis.strip():
        marks["hypothesis"] = hypothesis.strip()
    if expected is not None:
        marks["expected"] = float(expected)
    if marks:
        annotate(run, **marks)


def check_expected(expected: float | None) -> None:
    """Raise RunError for an expected accuracy that is no share."""
    if expected is not None and not 0 <= expected <= 1:
        raise RunError(
            "An expected accuracy is a share", received=expected, hint="Between 0 and 1, such as .72"
        )


def delete(run: Run) -> str:
    """Move a run out of the list; the path it lies at now.

    Raises:
        RunError: it is at work.
    """
    if run.active:
        raise RunError(f"Run {run.id} is at work", received=run.state, hint="Stop it first")
    target = run.workspace.models / "deleted" / run.id
    make_folder(target.parent)
    _journal(run.workspace, run.id, "delete", to=str(target.relative_to(run.workspace.root)))
    replace(run.folder, target)
    return str(target)


def promote(run: Run) -> None:
    """Make this run the one that answers on Try it.

    Raises:
        NotFound: it has no exported model.
    """
    if not (run.folder / "model.onnx").is_file():
        raise NotFound(
            f"Run {run.id} has no exported model",
            received="model.onnx",
            hint="It is written when training ends",
        )
    write_checked(run.workspace.models / "default.json", {"run": run.id, "time": now()})
    _journal(run.workspace, run.id, "promote")


def promoted(workspace: Workspace) -> str:
    """Id of the run that answers on Try it; "" while none was chosen."""
    try:
        return str(read_json(workspace.models / "default.json")["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _journal(workspace: Workspace, run: str, action: str, **details: Any) -> None:
    append_line(
        workspace.models / "runs-journal.jsonl",
        {"time": now(), "run": run, "action": action, **details},
        durable=True,
    )

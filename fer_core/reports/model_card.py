"""A run in words and files: its report, model card, and the leaderboard as CSV, Markdown or LaTeX."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fer_core.errors import FerError
from fer_core.evaluation import ledger, scores
from fer_core.runs.run import Run

WEAK = 0.6
"""F1 below which a class counts as weak."""
_LATEX = {c: "\\" + c for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def confusions(found: Mapping[str, Any], limit: int = 5) -> list[dict[str, Any]]:
    """The most frequent mistakes: label, answer, images, share (of the label's images) and of_errors (of all mistakes)."""
    counts = np.asarray(found["confusion"]["counts"])
    names = found["confusion"]["classes"]
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    rows = []
    for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[i, j]:
            rows.append(
                {
                    "label": names[i],
                    "answer": names[j],
                    "images": int(wrong[i, j]),
                    "share": float(wrong[i, j] / counts[i].sum()),
                    "of_errors": float(wrong[i, j] / wrong.sum()),
                }
            )
    return rows


def weak_classes(found: Mapping[str, Any]) -> list[str]:
    """Classes with an F1 below .6, the worst first."""
    rows = [(row["f1"], name) for name, row in found["per_class"].items() if row["support"]]
    return [name for f1, name in sorted(rows) if f1 < WEAK]


def reproduce(run: Run) -> str:
    """The command that trains this run again."""
    info = run.info
    words = ["fer", "train", "--dataset", run.dataset, "--version", run.version]
    words += ["--recipe", str(info.get("recipe", ""))]
    for key, value in (info.get("settings") or {}).items():
        words += ["--set", f"{key}={value}"]
    return shlex.join(words)


def as_text(table: pd.DataFrame, kind: str) -> str:
    """A table as "csv", "markdown" or "latex"; missing values are empty."""
    if kind == "csv":
        return table.to_csv(index=False)
    header: list[str] = [str(name) for name in table]
    body: list[list[str]] = [[_cell(value) for value in row] for row in table.to_numpy(dtype=object)]
    if kind == "markdown":
        lines: list[list[str]] = [header, ["---"] * len(header), *body]
        return "".join("| " + " | ".join(c.replace("|", "\\|") for c in line) + " |\n" for line in lines)
    columns = "".join("r" if pd.api.types.is_numeric_dtype(table[name]) else "l" for name in table)
    typeset = [" & ".join(map(_tex, line)) + r" \\" for line in (header, *body)]
    head = rf"\begin{{tabular}}{{{columns}}}" + "\n\\hline\n"
    return head + typeset[0] + "\n\\hline\n" + "\n".join(typeset[1:]) + "\n\\hline\n\\end{tabular}\n"


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _tex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in text)


def model_card(run: Run, row: Mapping[str, Any]) -> str:
    """What somebody should know before using a model, in Markdown.

    Test results stand in it only if the ledger says that somebody has looked.

    Args:
        run: the run.
        row: of `board.rows`.
    """
    info = run.info
    standing = ledger.standing(run.workspace, row, ledger.reads(run.workspace))
    packages = ", ".join(f"{name} {value}" for name, value in (info.get("packages") or {}).items())
    parts = [
        f"# {run.id}",
        f"Recognises {', '.join(run.classes) or 'unknown classes'} in face crops.",
        _section(
            "Data",
            [
                f"Dataset {run.dataset}, version {info.get('version_number') or '?'} ({run.version}).",
                "Images: " + ", ".join(f"{k} {v:,}" for k, v in (info.get("images") or {}).items()) + ".",
            ],
        ),
        _results("Validation", _held(run, "val"), "The epoch was chosen by these images."),
        _results("Test", _held(run, ledger.HELD), f"Ledger: {standing.words}.")
        or "## Test\n\nNobody has looked at the test result of this run.",
        _section(
            "Model",
            [
                f"Recipe {info.get('recipe')}, seed {info.get('seed')}, {info.get('parameters') or 0:,} parameters.",
                f"Trained on {info.get('device', 'unknown')} with {packages or 'unknown packages'}.",
                f"Again: `{reproduce(run)}`",
            ],
        ),
        _limits(run),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _held(run: Run, split: str) -> dict[str, Any]:
    try:
        return scores.stored(run, split)
    except FerError:
        return {}


def _results(name: str, found: Mapping[str, Any], note: str) -> str:
    if not found:
        return ""
    rows: list[str] = [
        f"{found['images']:,} images. {note}",
        "",
        "| measure | value | 95 % |",
        "| --- | --- | --- |",
    ]
    limits = found.get("intervals", {})
    for key, words in (("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy"), ("macro_f1", "macro F1"),
                       ("kappa", "Cohen's kappa"), ("log_loss", "log loss, nats"), ("ece", "calibration error")):  # fmt: skip
        if key in found:
            low_high = f"{limits[key][0]:.3f} to {limits[key][1]:.3f}" if key in limits else ""
            rows.append(f"| {words} | {found[key]:.3f} | {low_high} |")
    return f"## {name}\n\n" + "\n".join(rows)


def _limits(run: Run) -> str:
    lines = ["Answers hold for pictures like those of the dataset; other cameras, ages and poses were not measured.",
             "A face shows an expression, not what a person feels."]  # fmt: skip
    found = _held(run, "val")
    if found:
        if weak := weak_classes(found):
            lines.append(f"Weak on validation (F1 below {WEAK}): {', '.join(weak)}.")
        if top := confusions(found, 3):
            said = "; ".join(f"{r['label']} read as {r['answer']} ({r['share']:.0%})" for r in top)
            lines.append(f"Most frequent mistakes: {said}.")
    return _section("Limits", lines)


def _section(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines)

"""The audit table: who decided what, when, and what was on screen."""

from __future__ import annotations

import pandas as pd

COLUMNS = [
    "time", "who", "action", "path", "label", "to", "suggested", "score", "method", "version", "how", "undone",
    "reason", "image_id", "key",
]  # fmt: skip


def audit_table(entries: pd.DataFrame) -> pd.DataFrame:
    """One row per entry of the journal, the newest first; columns `COLUMNS`.

    label is the one the image had, to the new one or the soft label; suggested, score, method and version are what was
    shown; how tells decisions in blind mode, self-checks and final says.

    Args:
        entries: all of it, `Journal.decisions(active_only=False)`.
    """
    shown = [dict(value or {}) for value in entries["shown"]]
    soft = [
        ", ".join(f"{name} {p:.2f}" for name, p in value.items()) if isinstance(value, dict) else ""
        for value in entries["soft_label"]
    ]
    told = {
        name: [str(value.get(name, "")) for value in shown] for name in ("suggested", "method", "version")
    }
    result = entries[["time", "who", "action", "path", "undone", "reason", "image_id", "key"]].assign(
        label=[str(value.get("label", "")) for value in shown],
        to=[a or b for a, b in zip(entries["label"], soft, strict=True)],
        score=pd.Series([value.get("score") for value in shown], index=entries.index, dtype="float64"),
        how=[_how(value) for value in shown],
        **told,
    )
    return result[COLUMNS].iloc[::-1].reset_index(drop=True)


def _how(shown: dict[str, object]) -> str:
    words = {"self_check": "self-check", "final": "final say", "blind": "blind", "grid": "grid"}
    return ", ".join(word for name, word in words.items() if shown.get(name))

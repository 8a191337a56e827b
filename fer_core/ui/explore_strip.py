"""The explorer's strip: the numbers that matter before anything else."""

from __future__ import annotations

from fer_core.ui import html, page, tables, verdicts
from fer_core.ui.explore_desk import Desk


def draw(desk: Desk) -> None:
    """Images, unreadable files, copies, decisions and the version."""
    facts, version = desk.facts, desk.scope.version
    copies, good = facts.copies, int(facts.readable.sum())
    across = html.plural(copies["groups_across_splits"], "group")
    kinds = f"{len(facts.classes)} {'class' if len(facts.classes) == 1 else 'classes'}"
    page.numbers(
        [
            (good, f"images in {kinds}, {html.plural(len(facts.splits), 'split')}"),
            (len(facts) - good, "unreadable"),
            (copies["extra_copies"], f"extra copies, {across} across splits"),
            (verdicts.pending(desk.scope), "decisions not yet applied"),
            (f"v{version.number}", tables.origin(version, desk.scope.dataset)),
        ]
    )

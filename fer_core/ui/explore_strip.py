"""The explorer's strip: the numbers that matter before anything else."""

from __future__ import annotations

from fer_core.data import records
from fer_core.review import apply
from fer_core.ui import cache, page, tables
from fer_core.ui.page import Scope


def draw(scope: Scope) -> None:
    """Images, unreadable files, copies, decisions and the version."""
    manifest = scope.manifest
    good = records.readable(manifest)
    summary = cache.exact_groups(scope.dataset, scope.version.id).summary()
    page.numbers(
        [
            (len(good), f"images in {len(records.classes(manifest))} classes"),
            (len(manifest) - len(good), "unreadable"),
            (summary["extra_copies"], f"extra copies in {summary['groups']:,} groups"),
            (apply.preview(scope.dataset)["pending"], "decisions not yet applied"),
            (f"v{scope.version.number}", tables.origin(scope.version, scope.dataset)),
        ]
    )

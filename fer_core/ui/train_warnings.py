"""What to know about a version before training on it."""

from __future__ import annotations

from fer_core.data import records
from fer_core.quality.leakage import leaked_share
from fer_core.ui import cache, html
from fer_core.ui.page import Scope


def of(scope: Scope) -> list[html.Raw]:
    """Verdicts, worst first; none for a version that can be trained on as it is."""
    images = records.counts(scope.manifest).sum(axis=1)
    found = []
    if missing := [split for split in ("train", "val") if not int(images.get(split, 0))]:
        found.append(html.chip("bad", f"no {' and no '.join(missing)} images: stratify first"))
    if len(records.classes(scope.manifest)) < 2:
        found.append(html.chip("bad", "one class only: nothing to tell apart"))
    leaked = leaked_share(scope.manifest, cache.exact_groups(scope.dataset, scope.version.id))
    if share := leaked.get("val", 0.0):
        text = f"{share:.1%} of val is also in another split: stratify first"
        found.append(html.chip("bad", text, "Validation accuracy will look better than it is"))
    return found

"""What an export says about its files beyond folders and tables: soft labels, which no format has a place for."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core.data.manifest import check_manifest, classes
from fer_core.data.readers.base import DAMAGED, EXPORT_MANIFEST, MAX_FILE_BYTES


def with_soft_labels(manifest: pd.DataFrame, source: Path) -> pd.DataFrame:
    """The manifest of an imported export with the soft labels that were written with it.

    Any other source, an export imported under other class names, and values that are no probabilities leave it as
    it is.
    """
    exported = _exported_soft_labels(source)
    names = list(classes(manifest))
    if not exported or exported.get("classes") != names or not isinstance(exported.get("files"), dict):
        return manifest
    files = {path: soft for path, soft in exported["files"].items() if _is_distribution(soft, len(names))}
    found = [files.get(path) for path in manifest["path"]]
    if not any(found):
        return manifest
    return check_manifest(manifest.assign(soft_label=pd.Series(found, index=manifest.index, dtype="object")))


def _exported_soft_labels(source: Path) -> dict[str, Any]:
    """What the manifest of an exported folder or zip says; {} for any other source."""
    try:
        if source.is_dir():
            text = (source / EXPORT_MANIFEST).read_bytes()
        else:
            with zipfile.ZipFile(source) as archive:
                info = archive.getinfo(EXPORT_MANIFEST)
                text = archive.read(info) if info.file_size <= MAX_FILE_BYTES else b"{}"
        found = json.loads(text)["soft_labels"]
    except (*DAMAGED, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_distribution(soft: object, count: int) -> bool:
    return (
        isinstance(soft, list)
        and len(soft) == count
        and all(isinstance(p, float | int) and not isinstance(p, bool) and 0 <= p <= 1 for p in soft)
        and math.isclose(sum(soft), 1, abs_tol=1e-3)
    )

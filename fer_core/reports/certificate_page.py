"""The certificate of a version as a page to send and keep: `certificate.html`, beside `certificate.json`.

certificate.certify(dataset, version)
certificate_page.write(dataset, version)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_core.base.checksums import checked_file
from fer_core.base.errors import NotFound
from fer_core.reports.templating import command, render
from fer_core.splits import certificate
from fer_core.splits.certificate import Certificate

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset

KINDS = {"exact": "equal pixels", "near": "near copies", "mirrored": "mirrored copies"}


def write(dataset: Dataset, version: str | None = None) -> Path:
    """Write the page of the certificate that a version (None: the newest) has, and return its path.

    Raises:
        NotFound: the version was not certified.
    """
    chosen = dataset.version(version)
    found = certificate.load(dataset, chosen.id)
    if found is None:
        raise NotFound(
            "This version has no certificate", received=chosen.id, hint="Certify it first: fer certify"
        )
    wanted = {example[key] for example in found.examples for key in ("first_id", "second_id")}
    manifest = dataset.manifest(chosen.id)
    rows = manifest[manifest["image_id"].isin(wanted)].set_index("image_id")["row"]
    pixels = dataset.pixels()
    path = certificate.html_path(dataset, chosen.id)
    with checked_file(path) as temporary:
        drawn = page(found, {str(name): np.asarray(pixels[row]) for name, row in rows.items()})
        temporary.write_text(drawn, encoding="utf-8")
    return path


def page(found: Certificate, pictures: Mapping[str, NDArray[np.uint8]]) -> str:
    """The page.

    Args:
        found: as `certificate.certify` returns it.
        pictures: uint8 (h, w) of the images its examples name, by image_id.
    """
    examples = [
        {**example, "pixels": [pictures[example["first_id"]], pictures[example["second_id"]]]}
        for example in found.examples
    ]
    again = command("certify", found.dataset, "--version", found.version)
    return render("certificate.html", certificate=found, kinds=KINDS, examples=examples, command=again)

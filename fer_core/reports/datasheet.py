"""The datasheet of a version: Croissant JSON-LD 1.0 with the responsible-AI fields of its extension, version 1.0.

    datasheet.write(dataset, "v4", Path("faces.json"))

It describes the table of the version (`manifest.parquet`: one row per image) and the source that the images are read from.
Specifications: https://docs.mlcommons.org/croissant/docs/croissant-spec.html (1.0) and
https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html (1.0).
What they require and nobody has said is named as not known.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.base.atomic import write_atomic
from fer_core.base.errors import FerError
from fer_core.reports import datasheet_words
from fer_core.reports.datasheet_words import NOT_KNOWN

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version

CORE = "http://mlcommons.org/croissant/1.0"
RAI = "http://mlcommons.org/croissant/RAI/1.0"
_SPLITS = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}
_MIME = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".zip": "application/zip",
    ".tar": "application/x-tar",
    ".gz": "application/gzip",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".npz": "application/octet-stream",
    ".h5": "application/x-hdf5",
}
_FIELDS: Mapping[str, tuple[str | list[str], str]] = {
    "image_id": ("sc:Text", "Stable for the same file: of its source and path."),
    "path": ("sc:Text", "Of the file inside its source."),
    "source": ("sc:Text", "Name of the source the file came from."),
    "split": ("sc:Text", "Which part it belongs to."),
    "label": (["sc:Text", "cr:Label"], "The class it shows; empty where it has none."),
    "width": ("sc:Integer", "Pixels."),
    "height": ("sc:Integer", "Pixels."),
    "mode": ("sc:Text", "gray or rgb."),
    "pixel_hash": ("sc:Text", "BLAKE2b, 128 bits, of the decoded pixels."),
    "error": ("sc:Text", "Why it cannot be used; empty for a usable image."),
}
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


@dataclass(frozen=True)
class Publication:
    """What only people can say of a dataset; "" where nobody did.

    Attributes:
        license: address of it, of https://spdx.org/licenses/ where it is listed.
        url: page of the dataset.
        creator: who made it.
    """

    license: str = ""
    url: str = ""
    creator: str = ""


def write(dataset: Dataset, version: str | None, path: Path, said: Publication | None = None) -> int:
    """Write the datasheet of a version (None: the newest); the bytes it has."""
    text = json.dumps(build(dataset, version, said), indent=2, ensure_ascii=False) + "\n"
    write_atomic(path, text)
    return len(text.encode())


def build(dataset: Dataset, version: str | None = None, said: Publication | None = None) -> Mapping[str, Any]:
    """The datasheet, JSON-ready.

    Args:
        dataset, version: whose; the newest version for None.
        said: what only people can say.

    Raises:
        NotFound, ManifestError: there is no such version, or it is damaged.
    """
    chosen, about = dataset.version(version), said or Publication()
    manifest = dataset.manifest(chosen.id)
    counts = chosen.counts
    described = f"{counts['images']:,} images of {len(counts['classes'])} facial expressions: {', '.join(counts['classes'])}."
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CORE, RAI],
        "name": dataset.name,
        "description": described,
        "license": about.license or {"@type": "sc:CreativeWork", "name": NOT_KNOWN},
        "url": about.url or f"urn:fer-workbench:{dataset.name}:{chosen.id}",
        "creator": {"@type": "sc:Organization", "name": about.creator or NOT_KNOWN},
        "datePublished": chosen.created[:10],
        "dateCreated": str(dataset.about.get("created") or chosen.created)[:10],
        "version": f"{chosen.number}.0.0",
        "identifier": chosen.id,
        "isLiveDataset": False,
        "keywords": ["facial expressions", *counts["classes"]],
        "distribution": _distribution(dataset, chosen, manifest),
        "recordSet": [*_enumerations(chosen), _images()],
        **datasheet_words.rai(dataset, chosen, manifest),
    }


def _distribution(dataset: Dataset, version: Version, manifest: pd.DataFrame) -> list[Mapping[str, Any]]:
    """The table of the version, and every source its images are in: an archive with a checksum, or files in a folder."""
    table = dataset.folder / "versions" / version.id / "manifest.parquet"
    found: list[Mapping[str, Any]] = [
        _file("manifest", table, "The table of this version, one row per image.")
    ]
    for name, path in dataset.sources.items():
        paths = manifest.loc[manifest["source"] == name, "path"]
        if paths.empty:
            continue
        if path.is_file():
            found.append(_file(f"source-{name}", path, f"What the images of source {name} are read from."))
            inside: Mapping[str, Any] = {"containedIn": {"@id": f"source-{name}"}}
        else:
            inside = {}
        endings = Counter(PurePosixPath(each).suffix.lower() for each in paths)
        endings.pop("", None)
        if path.is_file() and path.suffix.lower() not in (".zip", ".tar", ".gz", ".tgz"):
            continue  # a table with the pixels in it holds no files
        for ending in endings:
            found.append(
                {"@type": "cr:FileSet", "@id": f"images-{name}-{ending[1:]}", "name": f"images of {name}, {ending}",
                 "description": "Only those that the table lists belong to the version.", **inside,
                 "encodingFormat": _MIME.get(ending, "application/octet-stream"), "includes": f"**/*{ending}"}
            )  # fmt: skip
    return found


def _file(name: str, path: Path, words: str) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as error:
        raise FerError("A file of the dataset cannot be read", received=path, hint=str(error)) from error
    return {
        "@type": "cr:FileObject", "@id": name, "name": path.name, "description": words, "contentUrl": path.name,
        "contentSize": f"{size} B",
        "encodingFormat": _MIME.get(path.suffix.lower(), "application/octet-stream"), "sha256": digest,
    }  # fmt: skip


def _enumerations(version: Version) -> list[Mapping[str, Any]]:
    splits = [
        {"splits/name": name, **({"splits/url": _SPLITS[name]} if name in _SPLITS else {})}
        for name, images in version.counts["splits"].items()
        if images
    ]
    return [
        {"@type": "cr:RecordSet", "@id": "splits", "name": "splits", "description": "The parts of the "
         "version.", "dataType": "cr:Split",
         "key": {"@id": "splits/name"}, "field": [_field("splits/name", "sc:Text"),
                                                  _field("splits/url", "sc:URL")], "data": splits},
        {"@type": "cr:RecordSet", "@id": "classes", "name": "classes", "description": "The "
         "expressions.", "dataType": "sc:Enumeration",
         "key": {"@id": "classes/name"}, "field": [_field("classes/name", "sc:Text")],
         "data": [{"classes/name": name} for name in version.counts["classes"]]},
    ]  # fmt: skip


def _field(name: str, kind: str | list[str], words: str = "", **more: Any) -> Mapping[str, Any]:
    about = {"description": words} if words else {}
    return {"@type": "cr:Field", "@id": name, "name": name, **about, "dataType": kind, **more}


def _images() -> Mapping[str, Any]:
    refers = {"split": "splits/name", "label": "classes/name"}
    fields = []
    for column, (kind, words) in _FIELDS.items():
        more: Mapping[str, Any] = (
            {"references": {"field": {"@id": refers[column]}}} if column in refers else {}
        )
        source = {"fileObject": {"@id": "manifest"}, "extract": {"column": column}}
        fields.append(_field(f"images/{column}", kind, words, source=source, **more))
    return {
        "@type": "cr:RecordSet", "@id": "images", "name": "images", "description": "One record per image, usable or not.",
        "key": {"@id": "images/image_id"}, "field": fields,
    }  # fmt: skip

"""Who is in a picture, or which video it comes from, read from the names of the files.

A pattern (`base.patterns`) is searched in every path; its first group, or the whole match where it
has none, is the subject. Files it does not match stand alone.

    >>> table = pd.DataFrame({"image_id": list("abc"), "source": "main", "error": "",
    ...                       "path": ["happy/Ann_1.png", "sad/Ann_2.png", "sad/Bo_1.png"]})
    >>> preview(table, r"([A-Z]\\w+)_").subjects
    2
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from fer_core.base.errors import SplitError
from fer_core.base.patterns import Pattern
from fer_core.data.manifest import readable

EXAMPLES = 6
KNOWN: dict[str, str] = {
    r"([^/]+?)[_-]\d+\.\w+$": "the name before the last number",
    r"([^/]+?)[_-]?(?:frame|img|image)[_-]?\d+": "the video before the frame number",
    r"(?i)((?:subject|subj|person|actor|speaker|id)[_-]?\d+)": "a word such as subject or actor with a number",
    r"(?:^|/)([A-Za-z]\d{2,4})[_-]": "a letter with a number, as S005_",
    r"(?:^|/)([A-Z]{2})\.[A-Z]{2}\d": "two letters before a dot, as KA.AN1",
    r"(?:^|/)([A-Z]{2}\d{2})[A-Z]{2}": "session, sex and number, as AF01AN",
    r"([^/]+)/[^/]+$": "the folder the file lies in",
}
"""Ways in which published sets name their subjects, tried by `suggestions`."""


@dataclass(frozen=True)
class SubjectPreview:
    """What a pattern would keep together.

    Attributes:
        images: readable images in all.
        matched: images the pattern finds a subject for.
        subjects: different subjects.
        alone: subjects with a single image.
        largest: images of the largest subject, and its name.
        across: subjects that lie in more than one split now.
        found: up to 6 (path, subject), of different subjects.
        missed: up to 6 paths the pattern does not match.
        warnings: sentences on what looks wrong.
    """

    images: int
    matched: int
    subjects: int
    alone: int
    largest: tuple[int, str]
    across: int
    found: list[tuple[str, str]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def from_pattern(manifest: pd.DataFrame, pattern: str) -> pd.Series:
    """Subject ids by image_id, named after the pattern; files of two sources never share a subject.

    Args:
        manifest: rows with image_id, source, path and error.
        pattern: a regular expression, up to 200 characters.

    Raises:
        BadPattern: no regular expression that can be used.
        SplitError: it matches no file.
    """
    table = readable(manifest)
    found = _search(table, pattern)
    if not (found != "").any():
        example = f"A path looks like {table['path'].iloc[0]}" if len(table) else ""
        raise SplitError("The subject pattern matches no file", received=pattern, hint=example)
    ids = (table["source"] + "\0" + found).where(found != "", "")
    return pd.Series(
        ids.to_numpy(), index=pd.Index(table["image_id"]), name=f"subjects by {pattern}", dtype="str"
    )


def preview(manifest: pd.DataFrame, pattern: str) -> SubjectPreview:
    """What a pattern finds, before anything is split. Raises as `from_pattern`."""
    table = readable(manifest)
    ids = from_pattern(manifest, pattern)
    subject = ids[ids != ""]
    rows = table.set_index("image_id").loc[subject.index]
    sizes = subject.value_counts()
    firsts = rows[~subject.duplicated().to_numpy()].head(EXAMPLES)
    shown = subject.str.rpartition("\0")[2]
    result = SubjectPreview(
        images=len(table),
        matched=len(subject),
        subjects=len(sizes),
        alone=int((sizes == 1).sum()),
        largest=(int(sizes.iloc[0]), str(sizes.index[0]).rpartition("\0")[2]),
        across=int((rows["split"].groupby(subject).nunique() > 1).sum()) if "split" in rows else 0,
        found=list(zip(firsts["path"], shown.loc[firsts.index], strict=True)),
        missed=table.loc[~table["image_id"].isin(subject.index), "path"].head(EXAMPLES).tolist(),
    )
    result.warnings.extend(_warnings(result))
    return result


def suggestions(manifest: pd.DataFrame) -> list[tuple[str, str]]:
    """Patterns of `KNOWN`, with words, that tell subjects apart here: the one that joins most images first.

    A folder or word that only repeats the class or the split says nothing about subjects and is left out.
    """
    table = readable(manifest)
    useful: list[tuple[int, str, str]] = []
    for pattern, words in KNOWN.items():
        found = _search(table, pattern)
        matched = found[found != ""]
        sizes = matched.value_counts()
        if len(matched) < len(table) / 2 or len(sizes) < 3 or sizes.iloc[0] > len(table) / 3:
            continue
        joined = int(sizes[sizes > 1].sum())
        if joined >= len(table) / 20 and not _repeats(table.loc[matched.index], matched):
            useful.append((joined, pattern, words))
    useful.sort(key=lambda entry: -entry[0])
    return [(pattern, words) for _, pattern, words in useful]


def _repeats(rows: pd.DataFrame, subject: pd.Series) -> bool:
    """Whether the subjects are just the classes or splits under another name."""
    known = [name for name in ("label", "split") if name in rows]
    return any(
        (rows[name].groupby(subject).nunique() == 1).all() and subject.nunique() <= 12 for name in known
    )


def _search(table: pd.DataFrame, pattern: str) -> pd.Series:
    """The subject of every row, "" where the pattern does not match."""
    return table["path"].map(Pattern(pattern).subject).astype("str")


def _warnings(found: SubjectPreview) -> list[str]:
    told = []
    if found.alone == found.matched:
        told.append("Every file is a subject of its own: the pattern keeps nothing together.")
    size, name = found.largest
    if found.subjects > 1 and size > found.images / 4:
        told.append(
            f"{name} holds {size / found.images:.0%} of all images: no split can be balanced around it."
        )
    if found.subjects == 1:
        told.append("All files it matches are one subject.")
    if found.matched < found.images:
        told.append(f"{found.images - found.matched:,} files do not match and stand alone.")
    return told

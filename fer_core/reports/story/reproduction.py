"""The story's end: what it does not show, and every command that does it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from fer_core import __version__
from fer_core.data.manifest import content_id
from fer_core.data.versions import Version
from fer_core.reports.document import CodeListing, DocumentBlock, Name, Section, Table, line, names, text
from fer_core.reports.model_card import reproduce
from fer_core.reports.story.known import StoryFacts
from fer_core.reports.templating import command
from fer_core.review import apply
from fer_core.splits.plan import FOLD_OPERATION

LIMITS = (
    "Answers hold for pictures like those of the dataset; other cameras, ages and poses were not measured.",
    "A face shows an expression, not what a person feels.",
    "An interval tells what chance does on images like these. It does not cover labels that are wrong, nor choices made by "
    "looking at val.",
    "Copies are found as far as each certificate says; a picture of the same person is no copy.",
)


def sections(known: StoryFacts) -> list[Section]:
    """Limits, and how to do it again."""
    return [
        Section("Limits", tuple(text(words) for words in LIMITS)),
        Section("How to do it again", tuple(_again(known)), "with the same images, decisions and seeds"),
    ]


def _again(known: StoryFacts) -> list[DocumentBlock]:
    blocks: list[DocumentBlock] = [
        text("The data. A version is right when its id is the one here: the id is the hash of which pictures it holds and how "
             "they are labelled and split."),
        Table(("version", "id", "made by"), tuple(
            (line(Name(f"v{each.number}")), line(Name(each.id)), line(Name(each.operation))) for each in known.versions
        )),
        CodeListing("\n".join(_commands(known))),
    ]  # fmt: skip
    if known.rows:
        runs = [f"{reproduce(known.run(row['run']))}    # {row['run']}" for row in known.rows]
        blocks += [
            text("The models, each with the seed that stands in its recipe above:"),
            CodeListing("\n".join(runs)),
            *_programs(known),
        ]
    blocks.append(text("This document was made by version ", Name(__version__), " of the program."))
    return blocks


def _commands(known: StoryFacts) -> list[str]:
    """One line or more for every version, in the order they were made."""
    return [line_ for version in known.versions for line_ in _made(known, version)]


def _made(known: StoryFacts, version: Version) -> list[str]:
    name, said = known.dataset.name, version.parameters
    numbers = {each.id: f"v{each.number}" for each in known.versions}
    on = ["--version", numbers.get(version.parent or "", "")]
    mark = f"    # v{version.number}"
    if version.operation == "import":
        return [command(*_import(known)) + mark]
    if version.parent not in numbers:
        return [_in_words(known, version, "; the version it was made from is gone")]
    if version.operation == "review":
        if not _holds_all(known, version):
            return [_in_words(known, version, ", but the decisions on record make another one of it")]
        return [
            f"{command('review', name, 'import', 'decisions.patch')}    # written by: "
            f"{command('review', name, 'export', 'decisions.patch')}",
            command("review", name, "apply", *on) + mark,
        ]
    if version.operation == "stratify" and "together" in said:
        folds = ", ".join(f"v{each.number}" for each in known.versions if _is_fold(each, version))
        return [
            command("stratify", name, *on, *_split_words(said))
            + mark
            + (f", and its folds {folds}" if folds else "")
        ]
    if any(
        each.operation == "stratify" and "together" in each.parameters and _is_fold(version, each)
        for each in known.versions
    ):
        return []  # the command of all folds makes it
    if version.operation == "separate":
        return [command("separate", name, *on, "--distance", str(said.get("distance"))) + mark]
    if version.operation == "merge" and "subject_pattern" in said:
        return [command("merge", name, str(said.get("dataset")), *on, *_merge_words(said)) + mark]
    return [_in_words(known, version)]


def _is_fold(version: Version, whole: Version) -> bool:
    """Whether a version is one of the folds of another."""
    return version.operation == FOLD_OPERATION and version.parent == whole.id


def _in_words(known: StoryFacts, version: Version, why: str = "") -> str:
    """A version that no command is known to make again: older programs did not keep every choice."""
    shown = command("versions", known.dataset.name)
    return f"# v{version.number} was made by {shlex.quote(version.operation)}{why}: {shown} shows with what"


def _holds_all(known: StoryFacts, version: Version) -> bool:
    """Whether the decisions on record, which a patch holds, make this very version of the one before it."""
    return content_id(apply.applied_to(known.dataset, version.parent)[1].manifest) == version.id


_IMPORT = {
    "labels": "--labels",
    "votes": "--votes",
    "skip": "--skip",
    "classes": "--classes",
    "subject_pattern": "--subject-pattern",
    "delivery": "--as",
    "numbering": "--map",
}
"""Options of an import, as they are kept with the dataset, and what the command line calls them."""


def _import(known: StoryFacts) -> list[str]:
    given: Mapping[str, Any] = known.dataset.about.get("import") or {}
    words = ["import", str(known.dataset.source_path), "--name", known.dataset.name]
    for name, option in _IMPORT.items():
        value = given.get(name) or ()
        for each in value if isinstance(value, list | tuple) else [value]:
            words += [option, str(each)]
    for option, kept in (("--map", "names"), ("--choose", "choices")):
        for theirs, ours in dict(given.get(kept) or {}).items():
            words += [option, f"{theirs}={ours}"]
    words += ["--no-labels"] if given.get("lists") is False else []
    words += [] if given.get("delivery") else ["--as", "none"]
    return [*words, "--accept-classes"] if given.get("accept_classes") else words


def _split_words(said: Mapping[str, Any]) -> list[str]:
    parts = (
        ["--folds", str(said["folds"])]
        if said.get("folds")
        else ["--ratios", "/".join(f"{share:.15g}" for share in said["given_ratios"])]
    )
    words = [
        *parts,
        "--seed",
        str(said["seed"]),
        "--together",
        said["together"],
        "--distance",
        str(said["distance"]),
    ]
    balance = said.get("balance") or []
    words += (
        ["--balance", ",".join({"label": "class"}.get(name, name) for name in balance)] if balance else []
    )
    words += ["--subject-column", said["column"] or "none"]
    words += ["--subject-pattern", said["pattern"]] if said["pattern"] else []
    words += ["--keep-test"] if said["keep_test"] else []
    return [*words, "--cap", str(said["cap"])] if said["cap"] else words


def _merge_words(said: Mapping[str, Any]) -> list[str]:
    fill = said.get("fill", "balanced")
    words = ["--fill", fill if isinstance(fill, str) else ",".join(f"{name}={n}" for name, n in fill.items())]
    for theirs, ours in dict(said.get("mapping") or {}).items():
        words += ["--map", f"{theirs}={ours}"]
    for name, option in (
        ("dataset_version", "--other-version"),
        ("into", "--into"),
        ("seed", "--seed"),
        ("distance", "--distance"),
        ("subject_pattern", "--subject-pattern"),
    ):
        if said.get(name) is not None:
            words += [option, str(said[name])]
    return words


def _programs(known: StoryFacts) -> list[DocumentBlock]:
    """Which programs the runs were made with."""
    found = [known.run(row["run"]).info for row in known.rows]
    packages = sorted(
        {f"{name} {value}" for info in found for name, value in (info.get("packages") or {}).items()}
    )
    devices = sorted({str(info["device"]) for info in found if info.get("device")})
    code = sorted({str(info["code"]) for info in found if info.get("code")})
    return [
        text("They were trained with ", *(names(packages) if packages else line("unknown packages")), ", by version ",
             *(names(code) if code else line("not known")), " of the program, on ",
             *(names(devices) if devices else line("an unknown device")), "."),
    ]  # fmt: skip

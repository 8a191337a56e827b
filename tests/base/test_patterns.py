"""Patterns users write: what Python's own engine finds, and never more time than the length of a path asks for."""

from __future__ import annotations

import re
import time

import pytest

from fer_core.base.errors import BadPattern
from fer_core.base.patterns import Pattern
from fer_core.splits.subjects import KNOWN

PATHS = [
    "happy/Ann_01.png",
    "glücklich/José-Ñ_٣.png",
    "sad/S005_001_00000011.png",
    "KA.AN1.39.tiff",
    "x/actor 7/img[3].jpg",
    "видео_12/frame0001.png",
    "a]b/c\\d_1.png",
    "",
    "bytes\udc80_5.png",
    "José\u00a07.png",
    "é/Émile_1",
]
OWN = [
    r"([\w-]+)_\d+",
    r"[^\w/](\d+)",
    r"[]\d]",
    r"(?i)(ACTOR\s\d)",
    r"\W(\w{2,3})\.",
    r"[\D]+\d",
    r"(x)|\d+\Z",
    r"\[(\d)\]",
    r"([^\W_]+)_\d+",
    r"([\W\d]+)p",
    r"([a-z]{,3})\d",
    r"(\S+)\s\d",
    r"([^\s]+)\s",
    r"([\w.-]{1,64})_\d+\.\w{3,4}$",
]


@pytest.mark.parametrize("pattern", [*KNOWN, *OWN])
def test_a_pattern_finds_what_python_finds(pattern: str) -> None:
    theirs = re.compile(pattern)
    for path in PATHS:
        found = theirs.search(path)
        wanted = (found[1 if theirs.groups else 0] or "") if found else ""
        assert Pattern(pattern).subject(path) == wanted, path


@pytest.mark.parametrize(
    "pattern", [r"^(([a-z0-9/_.]+)+)+!$", "(a|aa)+" * 20 + "$!", "(.?){30}" * 10 + "!", "(.*)*" * 20 + "!"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    started = time.process_time()
    assert Pattern(pattern).subject("happy/" + "a" * 300 + "_001.png") == ""
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        r"(a)\1",
        "(?<=a)b",
        "a{5000}",
        "(.{1000}){1}" * 16,
        r"(\C)",
        r"[\C]",
        r"[\S]",
        "\udc80",
        "",
        "x" * 201,
    ],
)
def test_what_cannot_be_used_is_refused_in_words(pattern: str) -> None:
    with pytest.raises(BadPattern, match=r"regular expression|1 to 200 characters"):
        Pattern(pattern)


def test_word_boundaries_are_found_in_ascii_and_refused_beyond() -> None:
    assert Pattern(r"\b([a-z]+)_1").subject("happy/emile_1.png") == "emile"
    with pytest.raises(BadPattern, match=r"Word boundaries.*Émile"):
        Pattern(r"\b(\w+)_1").subject("é/Émile_1.png")

"""docs/cli.md says what the command line has: every verb, every option, every check."""

from __future__ import annotations

import re
import shlex

import pytest
from reference import BLOCK, DOCS, blocks, contexts, path_of, refreshed, verbs

from fer_core.cli import cli, decide, duplicates
from fer_core.duplicates import hash_kinds, scan
from fer_core.mislabels.store import METHODS
from fer_core.review.decisions import ACTIONS
from fer_core.review.policies import POLICIES
from fer_core.scheduling import crossval

PAGE = DOCS.read_text(encoding="utf-8")
README = (DOCS.parents[1] / "README.md").read_text(encoding="utf-8")
WHOLE = {path_of(context): context for context in contexts()}


def section(verb: str) -> str:
    """What the page says of a verb, from its heading to the next."""
    found = re.search(rf"^####? {verb}\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"docs/cli.md has no section `{verb}`"
    return found[1]


@pytest.mark.parametrize("verb", WHOLE)
def test_every_verb_has_a_section_with_its_options(verb: str) -> None:
    assert f"<!-- verb: {verb} -->" in section(verb)


def test_the_generated_parts_are_fresh() -> None:
    assert refreshed(PAGE) == PAGE, "run: PYTHONPATH=. python tests/helpers/reference.py"
    assert {name for name, _ in BLOCK.findall(PAGE)} == set(blocks())


@pytest.mark.parametrize("verb", verbs())
def test_every_option_is_named_and_explained(verb: str) -> None:
    for option in verbs()[verb].params:
        if option.param_type_name == "option" and not option.hidden:  # type: ignore[attr-defined]
            where = PAGE if option.name == "as_json" else section(verb)
            assert all(name in where for name in option.opts)
            assert option.help, f"{verb} {option.opts[0]} has no help"  # type: ignore[attr-defined]


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_reports_json_and_says_which(verb: str) -> None:
    assert "as_json" in {option.name for option in verbs()[verb].params}
    assert "JSON: " in section(verb)


def test_every_check_and_choice_is_documented() -> None:
    assert set(decide.ACTIONS) < set(ACTIONS)
    assert (duplicates.KINDS[1:], duplicates.HASHES) == (scan.KINDS, hash_kinds.HASHES)
    assert set(POLICIES) - set(duplicates.POLICIES) == {"hand"}
    for word in (*duplicates.KINDS, *duplicates.HASHES):
        assert word in section("duplicates")
    for word in (*duplicates.POLICIES, *duplicates.QUEUES):
        assert word in section("review duplicates")
    for word in METHODS:
        assert word in section("mislabels")
    for word in decide.ACTIONS:
        assert word in section("review set")


def test_defaults_told_in_words_are_those_of_the_library() -> None:
    words = section("mislabels")
    for value in (crossval.RECIPE, crossval.FOLDS, crossval.EPOCHS):
        assert f"[default: {value}]" in words


def test_the_order_is_that_of_help() -> None:
    assert re.findall(r"^###+ (.+)$", PAGE, re.MULTILINE) == list(WHOLE)
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE)[1:] == list(cli.headings)  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", [PAGE, README], ids=["cli.md", "README"])
def test_the_examples_are_calls_that_parse(page: str) -> None:
    lines = [
        line.partition("#")[0] for line in page.splitlines() if line.startswith("fer ") and "[" not in line
    ]
    assert len(lines) >= 9
    for line in lines:
        words = shlex.split(line)[1:]
        cli.commands[words[0]].make_context(words[0], words[1:])

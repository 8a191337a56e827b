"""What is written as TOML reads back as it was, whatever is in it, in the layout that recipe keys rest on."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.evaluation.leaderboard import recipe_key
from fer_core.recipes import toml
from fer_core.recipes.recipe import builtin_names, load, override, parse, to_toml

TEXTS = st.text() | st.text("\"'\\\n\r\t\b\f\x00\x1f\x7f{}[]=,#.é漢😀 ab")
PLAIN = TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_any_table_reads_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dumps(table)) == table


@given(VALUES)
def test_any_value_on_one_line_reads_back(value: Any) -> None:
    text = toml.inline(value)
    assert "\n" not in text
    assert tomllib.loads(f"value = {text}")["value"] == value


@pytest.mark.parametrize(
    "words", ['a "b"', "back\\slash", "two\nlines", "\x7f\x00", "漢字 é 😀", "true", "0.1", "[1]", " adam "]
)
def test_words_given_to_set_stay_words(words: str) -> None:
    recipe = load("compact")
    changed = override(recipe, {"description": toml.inline(words)})
    assert changed.description == words
    assert parse(to_toml(changed)) == changed


def test_the_layout_is_that_of_runs_made_before() -> None:
    """As version 0.1.0 wrote it: runs are one recipe if their text differs in the line of the seed alone."""
    table = {
        "name": "small",
        "model": {
            "blocks": [{"kind": "conv", "filters": 64, "dropout": 0.0}, {"kind": "flatten"}],
            "color": "gray",
            "deep": {"x": 1e-06},
        },
        "training": {"seed": 1, "stages": [], "rates": [0.1, 2], "deterministic": False},
    }
    text = """\
name = "small"

[model]
blocks = [
    { kind = "conv", filters = 64, dropout = 0.0 },
    { kind = "flatten" },
]
color = "gray"

[model.deep]
x = 1e-06

[training]
seed = 1
stages = []
rates = [0.1, 2]
deterministic = false
"""
    assert toml.dumps(table) == text
    assert recipe_key(text.replace("seed = 1", "seed = 23")) == recipe_key(text)


@pytest.mark.parametrize("name", builtin_names())
def test_a_builtin_recipe_reads_back_and_lines_stay_lines(name: str) -> None:
    recipe = load(name)
    text = to_toml(recipe)
    assert parse(text) == recipe
    assert "[[" not in text

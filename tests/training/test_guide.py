"""The guide's table of techniques is whole: each field of a recipe stands in it, and each test it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from recipe_fields import known_fields

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide-training.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GUIDE.read_text(encoding="utf-8").splitlines()
    if re.match(r"\| .*`tests/", line)
]


def test_every_field_of_a_recipe_is_in_the_table_and_no_other() -> None:
    told = [field for row in ROWS for field in re.findall(r"`([a-z_0-9.]+)`", row[1])]
    assert sorted(told) == sorted(known_fields())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:30])
def test_each_row_names_a_test_that_is_there(row: list[str]) -> None:
    _, _, _, test = row
    path, _, name = test.strip("`").partition("::")
    defined = {node.name for node in ast.parse((ROOT / path).read_text()).body if hasattr(node, "name")}
    assert name in defined

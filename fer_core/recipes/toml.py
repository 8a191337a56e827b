"""TOML of recipes: `tomli_w` writes keys and values, in a layout with one line per block of a network.

The layout stays as it is: runs whose `recipe.toml` differ in the seed's line alone count as one recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli_w


def dumps(table: Mapping[str, Any]) -> str:
    """TOML text of a table; a list of tables has a line per table."""
    return "\n".join(_lines(table, ())).strip() + "\n"


def inline(value: Any) -> str:
    r"""A value on one line, as `--set` takes it.

    >>> print(inline([{"kind": "conv", "name": 'a "b"'}]))
    [{ kind = "conv", name = "a \"b\"" }]
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(map(_pair, value.items())) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    return tomli_w.dumps({"v": value}).removeprefix("v = ").removesuffix("\n")


def _key(name: str) -> str:
    return tomli_w.dumps({name: 0}).removesuffix(" = 0\n")


def _pair(item: tuple[str, Any]) -> str:
    return f"{_key(item[0])} = {inline(item[1])}"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [_entry(key, value) for key, value in table.items() if not isinstance(value, Mapping)]
    if path and (lines or not table):
        lines = ["", f"[{'.'.join(map(_key, path))}]", *lines]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _lines(value, (*path, key))
    return lines


def _entry(key: str, value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        return f"{_key(key)} = [\n" + "".join(f"    {inline(one)},\n" for one in value) + "]"
    return _pair((key, value))

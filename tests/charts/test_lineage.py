"""The rails of a lineage: every version reaches its parent, and no line runs into a stranger."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.charts.lineage import HEIGHT, Rail, rail_svg, rails


def test_a_straight_history_takes_one_lane() -> None:
    found = rails([("c", "b"), ("b", "a"), ("a", None)])
    assert [(r.lane, r.joining, r.goes_on, r.lanes) for r in found] == [
        (0, (), True, 1),
        (0, (0,), True, 1),
        (0, (0,), False, 1),
    ]


def test_two_versions_of_one_parent_meet_in_it() -> None:
    d, c, b, a = rails([("d", "b"), ("c", "b"), ("b", "a"), ("a", None)])
    assert (d.lane, c.lane, c.passing) == (0, 1, (0,))
    assert (b.lane, b.joining, a.passing) == (0, (0, 1), ())
    assert rails([]) == []
    assert rails([("a", "elsewhere")])[0] == Rail(0, (), (), False, 1)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 1 << 20), max_size=25))
def test_every_line_ends_in_the_parent(choices: list[int]) -> None:
    """Follow each line down, lane by lane, and see where it arrives."""
    parents: list[int | None] = [None, *(c % (i + 1) if c % 5 else None for i, c in enumerate(choices))]
    newest_first = [(str(i), None if p is None else str(p)) for i, p in enumerate(parents)][::-1]
    found = rails(newest_first)
    for at, (rail, (_, parent)) in enumerate(zip(found, newest_first, strict=True)):
        assert rail.lane < rail.lanes
        assert rail.lane not in rail.passing
        assert rail.goes_on == (parent is not None)
        if parent is None:
            continue
        for below, (version, _) in zip(found[at + 1 :], newest_first[at + 1 :], strict=True):
            if rail.lane in below.joining:
                assert version == parent
                break
            assert rail.lane in below.passing
        else:
            raise AssertionError("the line ends nowhere")


def test_a_row_is_a_picture_that_parses() -> None:
    root = ET.fromstring(rail_svg(Rail(1, (0,), (1, 2), True, 3), filled=True))
    assert root.attrib["height"] == str(HEIGHT)
    assert len(list(root)) == 2

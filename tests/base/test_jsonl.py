from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fer_core.base.jsonl import append_line, read_lines, read_object, read_tail


def test_lines_are_read_once_and_only_when_whole(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    assert read_lines(path) == ([], 0)
    append_line(path, {"epoch": 1})
    rows, offset = read_lines(path)
    assert rows == [{"epoch": 1}]
    with open(path, "a") as file:
        file.write('{"epoch": ')
    assert read_lines(path, offset) == ([], offset)
    with open(path, "a") as file:
        file.write("2}\n")
    rows, offset = read_lines(path, offset)
    assert rows == [{"epoch": 2}]
    assert read_lines(path, offset) == ([], offset)


def test_a_writer_that_died_in_a_line_spoils_only_that_line(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    append_line(path, {"epoch": 1})
    with open(path, "a") as file:
        file.write('{"epoch": 2, "lo')
    append_line(path, {"epoch": 3})
    assert read_lines(path)[0] == [{"epoch": 1}, {"epoch": 3}]


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_make_reading_fail(tmp_path_factory: object, data: bytes, offset: int) -> None:
    path = tmp_path_factory.mktemp("files") / "f"  # type: ignore[attr-defined]
    path.write_bytes(data)
    rows, end = read_lines(path, offset)
    assert all(isinstance(row, dict) for row in rows)
    assert offset <= end <= max(offset, len(data))
    assert isinstance(read_object(path), dict)
    assert isinstance(read_tail(path, 3), str)


def test_the_end_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    assert read_tail(path, 5) == ""
    path.write_text("".join(f"line {n}\n" for n in range(1000)))
    assert read_tail(path, 2) == "line 998\nline 999"
    path.write_bytes(b"caf\xc3\xa9 \xff\n")
    assert read_tail(path, 1).startswith("café")

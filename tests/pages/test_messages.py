"""Text of people is shown as it is written, wherever Streamlit reads Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.ui.components.messages import plain

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = [
    "![x](http://evil.example/x.png)",
    "[x](http://evil.example)",
    "<http://evil.example>",
    '<img src="http://evil.example/x.png">',
    ":material/delete:",
    "$x$",
    "a*b*c ~~d~~",
    "back\\slash",
    "[ref]: http://evil.example",
]


def shown(text: str) -> tuple[str, set[str]]:
    """What CommonMark makes of a text: the words, and the kinds of what is not words."""
    parsed = MarkdownIt("commonmark").parse("Received " + text)
    tokens = [child for token in parsed for child in token.children or []]
    words = "".join(token.content for token in tokens).removeprefix("Received ")
    return words, {token.type for token in tokens} - {"text", "text_special"}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_stays_text(text: str) -> None:
    assert shown(plain(text)) == (text, set())
    # Streamlit's own additions: addresses become links, :word[ ] colours, :material/word: an icon
    assert not re.search(r"(?<!\\):(//|material/)|(?<!\\)\[|www\.(?!\\)(?<!\\\.)", plain(text))


@given(st.text(alphabet="a1 ![](){}<>*~$:/.\\w-", min_size=1).map(str.strip))
def test_whatever_is_written_makes_no_link_and_no_picture(text: str) -> None:
    assert not shown(plain(text))[1] & {
        "link_open",
        "image",
        "html_inline",
        "em_open",
        "strong_open",
        "s_open",
    }


def test_an_address_of_a_page_loads_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_sample(Workspace(tmp_path), count=120)
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/data/explore.py")
    app.query_params["dataset"] = app.query_params["version"] = HOSTILE[0]
    app.run()
    assert app.warning
    for box in app.warning:
        words, kinds = shown(box.value)
        assert HOSTILE[0] in words
        assert not kinds - {"softbreak"}


def test_boxes_and_notes_are_written_by_messages_alone() -> None:
    called = re.compile(r"\bst\.(error|warning|info|success|toast|exception)\(")
    for path in [*ROOT.glob("fer_core/**/*.py"), *ROOT.glob("pages/*/*.py"), ROOT / "streamlit_app.py"]:
        assert path.name == "messages.py" or not called.search(path.read_text(encoding="utf-8")), path

"""Reading the HTML of a report: is it well formed, does it stand by itself, what does it say?"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """All tags, attributes and words of a page; fails where a tag is closed that is not open.

    Attributes:
        tags: name of every element, in order.
        links: every address.
        alts: what is said in place of each picture.
        words: the text, blanks folded, without the style sheet.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._open: list[str] = []
        self._said: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.alts: list[str] = []
        self.feed(text)
        assert self._open == [], f"not closed: {self._open}"
        self.words = " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append(tag)
        self.links += [
            str(told[name]) for name in ("src", "href", "srcset", "action", "data") if name in told
        ]
        assert not [name for name in told if name.startswith("on")], f"a handler in {tag}: {told}"
        assert tag != "img" or told.get("alt"), "a picture without words"
        self.alts += [str(told["alt"])] if tag == "img" else []
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self._said.append(data)


def stands_alone(text: str) -> Page:
    """The page, which loads nothing and runs nothing."""
    page = Page(text)
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    assert not {"script", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert not re.search(r"@import|url\(", text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    return page

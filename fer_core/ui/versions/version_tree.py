"""The lineage of a dataset as a list one can click, newest first, with the graph drawn at its left edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from fer_core.charts.lineage import HEIGHT, rails, svg
from fer_core.data.versions import Version
from fer_core.ui import version_words

_CSS = f"""
ol {{ list-style: none; margin: 0; padding: 0; font-variant-numeric: tabular-nums; }}
button {{ all: unset; box-sizing: border-box; cursor: pointer; display: grid; align-items: center; gap: 0 .6rem;
  grid-template-columns: max-content minmax(0, 1fr) max-content; width: 100%; height: {HEIGHT}px; padding-right: .6rem;
  border-radius: 8px; font-family: var(--st-font); font-size: 14px; color: var(--st-text-color); }}
button:hover {{ background: color-mix(in srgb, currentColor 5%, transparent); }}
button:focus-visible {{ outline: 2px solid var(--st-primary-color); outline-offset: -2px; }}
button[aria-pressed="true"] {{ background: color-mix(in srgb, var(--st-primary-color) 13%, transparent); }}
svg {{ display: block; color: var(--st-primary-color); }}
.what, .more {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; line-height: 1.4; }}
.what b {{ margin-right: .4rem; }} .more {{ opacity: .66; font-size: 13px; }}
.how {{ text-align: right; line-height: 1.4; }} .how .more {{ display: block; }}
.badge {{ display: inline-block; margin-left: .45rem; padding: 0 .5rem; border-radius: 99px; font-size: 12px; font-weight: 600;
  color: var(--st-primary-color); background: color-mix(in srgb, var(--st-primary-color) 14%, transparent); }}
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('ol');
  root.replaceChildren();
  root.setAttribute('aria-label', data.label);
  const line = (name, words) => { const e = document.createElement('div'); e.className = name; e.textContent = words; return e; };
  for (const row of data.rows) {
    const item = document.createElement('li'), button = document.createElement('button');
    button.type = 'button';
    button.dataset.id = row.id;
    button.title = row.title;
    button.setAttribute('aria-pressed', String(row.selected));
    button.innerHTML = row.rail;
    const text = document.createElement('div'), what = line('what', ''), number = document.createElement('b');
    text.style.minWidth = '0';
    number.textContent = row.number;
    what.append(number, row.words);
    for (const word of row.badges) {
      const badge = document.createElement('span');
      badge.className = 'badge';
      badge.textContent = word;
      what.append(badge);
    }
    text.append(what, line('more', row.more));
    const how = document.createElement('div');
    how.className = 'how';
    how.append(row.images, line('more', row.when));
    button.append(text, how);
    button.onclick = () => setTriggerValue('clicked', row.id);
    item.append(button);
    root.append(item);
  }
}
"""

_list = st.components.v2.component("fer_lineage", html="<ol></ol>", css=_CSS, js=_JS)


def draw(versions: Sequence[Version], *, head: str, shown: str, selected: str, key: str) -> str | None:
    """Draw the versions; return the id of the one just clicked, if any.

    Args:
        versions: of one dataset, oldest first.
        head: id of the newest state.
        shown: id of the version the page shows.
        selected: id of the one to mark.
        key: unique on the page.
    """
    ordered = list(versions)[::-1]
    laid = rails([(v.id, v.parent) for v in ordered])
    rows: list[dict[str, Any]] = []
    for version, rail in zip(ordered, laid, strict=True):
        badges = ["newest"] if version.id == head else []
        badges += ["on this page"] if version.id == shown != head else []
        about = ", ".join(filter(None, (version_words.made_by(version), version.note)))
        rows.append(
            {
                "id": version.id,
                "number": f"v{version.number}",
                "words": version.name or version_words.operation(version),
                "more": f"{version_words.operation(version)}: {about}" if version.name else about,
                "images": f"{version.counts['images']:,}",
                "when": version.created[:16].replace("T", " "),
                "title": f"version {version.number}, {version.id}",
                "badges": badges,
                "selected": version.id == selected,
                "rail": svg(rail, filled=version.id == head),
            }
        )
    label = f"{len(rows)} versions, newest first"
    result = _list(key=key, data={"rows": rows, "label": label}, on_clicked_change=lambda: None)
    clicked = result.clicked
    return str(clicked) if clicked else None

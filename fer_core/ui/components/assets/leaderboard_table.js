# ruff: noqa: E501  the style sheet and the script
"""The leaderboard: hundreds of rows to sort, search, star and pick, with an interval bar in each.

Sorting and searching happen in the browser, so they cost the server nothing.
"""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

Kind = Literal["text", "num", "interval", "chip"]


@dataclass(frozen=True)
class Column:
    """One column: its key, what its head says, how its cells look, and what its tooltip explains."""

    key: str
    label: str
    kind: Kind = "text"
    help: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell: its words, what it sorts by (None last), a verdict for chips, a tooltip, and the ends of an interval."""

    text: str
    sort: float | str | None = None
    verdict: str = ""
    tip: str = ""
    ends: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Line:
    """One row: id, name, quiet words behind it, its cells by column, whether it is starred, and whether it is quiet."""

    id: str
    name: str
    note: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)
    star: bool = False
    muted: bool = False


_CSS = """
.bar { display: flex; gap: 10px; align-items: center; margin-bottom: 6px; flex-wrap: wrap; }
input { flex: 1 1 160px; max-width: 260px; font: 14px var(--st-font); color: var(--st-text-color); background: transparent;
  border: 1px solid color-mix(in srgb, currentColor 22%, transparent); border-radius: 8px; padding: 6px 10px; }
input:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: -1px; }
.count { font: 13px var(--st-font); opacity: .66; color: var(--st-text-color); }
.scroll { overflow-x: auto; max-height: 560px; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font: 14px/1.3 var(--st-font); color: var(--st-text-color); font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; z-index: 2; background: var(--st-background-color); text-align: left; white-space: nowrap; padding: 4px 7px;
  border-bottom: 2px solid color-mix(in srgb, currentColor 15%, transparent); }
th button { all: unset; cursor: pointer; font-weight: 600; font-size: 13px; opacity: .72; } th button:hover { opacity: 1; }
th button:focus-visible, td button:focus-visible { outline: 2px solid var(--st-primary-color); border-radius: 4px; }
th.num, td.num { text-align: right; } td { padding: 6px 7px; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 9%, transparent); }
tr.row { cursor: pointer; } tr.row:hover td { background: color-mix(in srgb, var(--st-primary-color) 6%, transparent); }
tr.on td { background: color-mix(in srgb, var(--st-primary-color) 13%, transparent); }
tr.muted .name, tr.muted td.num { opacity: .62; }
.name { font-weight: 650; } .note { opacity: .62; font-size: 12.5px; margin-left: 7px; display: inline-block; max-width: 112px; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
td button { all: unset; cursor: pointer; }
.box { display: inline-grid; place-items: center; width: 15px; height: 15px; border-radius: 4px; font: 700 10px var(--st-font); vertical-align: -3px;
  border: 1.5px solid color-mix(in srgb, currentColor 35%, transparent); margin-right: 9px; }
.on .box { background: var(--st-primary-color); border-color: var(--st-primary-color); color: #fff; }
.star { opacity: .28; margin-right: 6px; font-size: 14px; } .star:hover { opacity: .8; } .star.set { opacity: 1; color: #E69F00; }
@media (max-width: 640px) { .interval, .note { display: none !important; } }
svg { display: block; width: 136px; height: 14px; }
span.chip { --c: #868E96; display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 12.5px; font-weight: 600;
  background: color-mix(in srgb, var(--c) 14%, transparent); color: color-mix(in srgb, var(--c) 78%, var(--st-text-color)); }
span.good { --c: #2B8A3E; } span.look { --c: #D9780B; } span.bad { --c: #E03131; } span.info { --c: #4C6EF5; }
.more { all: unset; cursor: pointer; font: 600 13.5px var(--st-font); color: var(--st-primary-color); padding: 8px; }
"""

_JS = """
const ICON = { good: '✓', look: '!', bad: '✕', info: 'i', none: '–' };
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.board');
  if (root.text !== data.rows) { root.text = data.rows; root.rows = JSON.parse(data.rows); }
  const lines = root.rows;
  const state = root.kept ??= { sort: null, up: false, find: '', all: false };
  const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls;
    if (text !== undefined) e.textContent = text; return e; };
  const [low, high] = data.domain;
  const x = v => 6 + 124 * Math.min(Math.max((v - low) / (high - low), 0), 1);
  function interval(ends) {
    const ns = 'http://www.w3.org/2000/svg', svg = document.createElementNS(ns, 'svg');
    svg.setAttribute('viewBox', '0 0 136 14'); svg.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS(ns, 'line');
    for (const [k, v] of Object.entries({ x1: x(ends[0]), x2: x(ends[2]), y1: 7, y2: 7, stroke: 'currentColor',
      'stroke-opacity': .35, 'stroke-width': 5, 'stroke-linecap': 'round' })) line.setAttribute(k, v);
    const dot = document.createElementNS(ns, 'circle');
    for (const [k, v] of Object.entries({ cx: x(ends[1]), cy: 7, r: 4.5 })) dot.setAttribute(k, v);
    dot.style.fill = 'var(--st-primary-color)';
    svg.append(line, dot); return svg;
  }
  function shown() {
    const words = state.find.toLowerCase().split(/\\s+/).filter(Boolean);
    const rows = lines.filter(r => words.every(w => r.find.includes(w)));
    if (!state.sort) return rows;
    const value = r => state.sort === 'run' ? r.name : (r.cells[state.sort] || {}).sort;
    const known = r => { const v = value(r); return v !== null && v !== undefined; };
    return rows.slice().sort((a, b) => {
      if (known(a) !== known(b)) return known(a) ? -1 : 1;
      if (!known(a)) return 0;
      const order = value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;
      return state.up ? order : -order; });
  }
  const bar = make('div', 'bar'), find = make('input'), count = make('span', 'count');
  find.type = 'search'; find.placeholder = 'Search runs, recipes, tags'; find.value = state.find;
  find.setAttribute('aria-label', 'Search runs');
  bar.append(find, count);
  const scroll = make('div', 'scroll'), table = make('table'), head = make('thead'), body = make('tbody');
  table.setAttribute('aria-label', data.label);
  const top = make('tr');
  const heads = [{ key: 'run', label: 'run', kind: 'text' }, ...data.columns.slice(1)];
  heads.unshift(data.columns[0]);
  for (const c of heads) {
    const th = make('th', c.kind), b = make('button', '', c.label);
    th.scope = 'col'; b.type = 'button'; if (c.help) b.title = c.help;
    b.onclick = () => { if (state.sort === c.key) state.up = !state.up; else { state.sort = c.key; state.up = c.key === 'rank' || c.key === 'run'; } draw(); };
    b.dataset.key = c.key; th.append(b); top.append(th);
  }
  head.append(top); table.append(head, body); scroll.append(table);
  const more = make('button', 'more'); more.type = 'button'; more.onclick = () => { state.all = true; draw(); };
  function draw() {
    const rows = shown(), some = state.all ? rows : rows.slice(0, 60);
    for (const b of top.querySelectorAll('button')) {
      const on = b.dataset.key === state.sort; const c = heads.find(h => h.key === b.dataset.key);
      b.textContent = c.label + (on ? (state.up ? ' ↑' : ' ↓') : '');
      b.parentElement.setAttribute('aria-sort', on ? (state.up ? 'ascending' : 'descending') : 'none');
    }
    count.textContent = rows.length === lines.length ? '' : `${rows.length} of ${lines.length}`;
    body.replaceChildren(...some.map(r => {
      const place = data.picked.indexOf(r.id), tr = make('tr', 'row' + (place >= 0 ? ' on' : '') + (r.muted ? ' muted' : ''));
      tr.dataset.id = r.id;
      tr.onclick = () => setTriggerValue('picked', r.id);
      for (const c of heads) {
        const td = make('td', c.kind);
        if (c.key === 'run') {
          const star = make('button', 'star' + (r.star ? ' set' : ''), r.star ? '★' : '☆');
          star.type = 'button'; star.title = 'Star'; star.setAttribute('aria-label', (r.star ? 'Remove the star of ' : 'Star ') + r.name);
          star.onclick = e => { e.stopPropagation(); setTriggerValue('starred', r.id); };
          const pick = make('button'); pick.type = 'button'; pick.setAttribute('aria-label', 'Choose ' + r.name);
          pick.setAttribute('aria-pressed', place >= 0); pick.onclick = e => { e.stopPropagation(); setTriggerValue('picked', r.id); };
          pick.append(make('span', 'box', place < 0 ? '' : 'ABCDEFGH'[place] || '·'), make('span', 'name', r.name));
          td.append(star, pick); if (r.note) td.append(make('span', 'note', r.note));
        } else {
          const cell = r.cells[c.key];
          if (cell) {
            if (cell.tip) td.title = cell.tip;
            if (cell.ends) { td.append(interval(cell.ends)); td.setAttribute('aria-label', cell.tip); }
            else if (cell.verdict) { const chip = make('span', 'chip ' + cell.verdict, ICON[cell.verdict] + ' ' + cell.text); td.append(chip); }
            else td.textContent = cell.text;
          }
        }
        tr.append(td);
      }
      return tr; }));
    more.textContent = `Show all ${rows.length}`; more.style.display = rows.length > some.length ? '' : 'none';
  }
  find.oninput = () => { state.find = find.value; draw(); };
  bar.style.display = lines.length > 5 ? '' : 'none';
  const focused = root.contains(root.getRootNode().activeElement) && root.getRootNode().activeElement.tagName === 'INPUT';
  root.replaceChildren(bar, scroll, more);
  if (focused) { find.focus(); find.setSelectionRange(find.value.length, find.value.length); }
  draw();
}
"""

_board = st.components.v2.component("fer_board", html='<div class="board"></div>', css=_CSS, js=_JS)


def pack(lines: Sequence[Line], columns: Sequence[str]) -> str:
    """Lines as the text `draw` sends to the browser, with the cells of these columns alone.

    Args:
        lines: best first.
        columns: keys.
    """
    return json.dumps([_plain(line, columns) for line in lines], separators=(",", ":"))


def draw(
    rows: str,
    columns: Sequence[Column],
    picked: Sequence[str],
    ids: Container[str],
    *,
    domain: tuple[float, float],
    key: str,
    label: str,
) -> tuple[str | None, str | None]:
    """Draw the rows; return the ids of the row just picked (or dropped) and of the one just starred.

    Args:
        rows: of `pack`.
        columns: the first stands before the run's name.
        picked: ids of the chosen rows, in the order of their letters.
        ids: of all rows.
        domain: ends of the axis of interval bars.
        key: unique on the page.
        label: what the table shows, for screen readers.
    """
    data: dict[str, Any] = {
        "rows": rows,
        "columns": [vars(column) for column in columns],
        "picked": list(picked),
        "domain": list(domain),
        "label": label,
    }
    result = _board(key=key, data=data, on_picked_change=lambda: None, on_starred_change=lambda: None)
    chosen, starred = (value if value in ids else None for value in (result.picked, result.starred))
    return chosen, starred


def _plain(line: Line, columns: Sequence[str]) -> dict[str, Any]:
    cells = {}
    for key in columns:
        if c := line.cells.get(key):
            parts = {"text": c.text, "sort": c.sort, "verdict": c.verdict, "tip": c.tip, "ends": c.ends}
            cells[key] = {name: part for name, part in parts.items() if part not in ("", None)}
    words = " ".join([line.name, line.note, *(cell.text for cell in line.cells.values())]).lower()
    return {
        "id": line.id,
        "name": line.name,
        "note": line.note,
        "cells": cells,
        "star": line.star,
        "muted": line.muted,
        "find": words,
    }

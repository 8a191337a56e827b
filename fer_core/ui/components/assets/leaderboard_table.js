const ICON = { good: '✓', warn: '!', bad: '✕', info: 'i', none: '–' };
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
    const words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = lines.filter(r => words.every(w => r.find.includes(w)));
    if (!state.sort) return rows;
    const value = r => state.sort === 'run' ? r.id : (r.cells[state.sort] || {}).sort;
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
          td.append(star, pick); if (r.note) td.append(Object.assign(make('span', 'note', r.note), { title: r.note }));
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

// Fifty faces at once: choose by click, drag, Shift and arrow keys; one key decides for all that are chosen.
const AT_ONCE = 50;

class GridView {
  constructor(desk) {
    this.desk = desk;
    this.chosen = new Set();
    this.here = 0; // the one with the keyboard's focus
    this.anchor = 0;
    this.bar = make('div', 'row');
    for (const [words, all] of [['Select all', true], ['Select none', false]]) {
      const button = make('button', 'plain', words);
      button.type = 'button';
      button.onclick = () => { this.chosen = new Set(all ? this.shown.map((item) => item.ticket) : []); this.mark(); };
      this.bar.append(button);
    }
    this.count = make('span', 'muted');
    this.count.setAttribute('aria-live', 'polite');
    this.bar.append(this.count);
    this.list = make('div', 'faces');
    this.list.setAttribute('role', 'listbox');
    this.list.setAttribute('aria-multiselectable', 'true');
    this.list.setAttribute('aria-label', 'Faces of this queue');
    this.cells = Array.from({ length: AT_ONCE }, (_, i) => this.cell(i));
    this.none = make('div', 'none');
    this.buttons();
    desk.body.append(this.verdicts, this.labels, this.bar, this.list, this.none);
    this.lift = () => { this.drag = null; };
    window.addEventListener('pointerup', this.lift);
  }

  buttons() {
    const { desk } = this, { classes } = desk.data;
    const button = (parent, key, words, run, more = {}) => {
      const made = keyButton(desk, { key, words, run, ...more });
      parent.append(made);
      return made;
    };
    this.verdicts = make('div', 'row keysrow');
    this.labels = make('div', 'row keysrow quiet');
    this.accept = button(this.verdicts, 'Enter', 'Accept', () => this.take(), { kind: 'primary' });
    this.keep = button(this.verdicts, 'K', 'Keep', () => this.give('keep'));
    this.needs = [this.accept, this.keep, button(this.verdicts, 'A', 'Ambiguous', () => this.give('ambiguous')),
      button(this.verdicts, 'D', 'Delete', () => this.give('delete'))];
    button(this.verdicts, 'U', 'Undo', () => desk.undo());
    button(this.labels, 'PageUp', 'Previous 50', () => this.page(-1), { shown: 'PgUp' });
    classes.slice(0, 8).forEach(({ name }, i) => this.needs.push(button(this.labels, String(i + 1), name, () => this.relabel(name))));
    button(this.labels, 'PageDown', 'Next 50', () => this.page(1), { shown: 'PgDn' });
  }

  cell(i) {
    const cell = make('div', 'cell');
    cell.setAttribute('role', 'option');
    cell.tabIndex = -1;
    const picture = face(84);
    picture.removeAttribute('role');
    picture.setAttribute('aria-hidden', 'true');
    const words = make('small');
    words.setAttribute('aria-hidden', 'true');
    cell.append(picture, words);
    const select = (event) => {
      this.here = i;
      const on = !this.chosen.has(this.shown[i].ticket);
      if (event.shiftKey) this.range(this.anchor, i); else { this.set(i, on); this.anchor = i; }
      if (event.pointerType === 'mouse') this.drag = { from: i, on, before: new Set(this.chosen) };
      this.mark();
    };
    // A mouse selects where it is pressed and drags on; a finger may be scrolling, so it selects where it taps.
    cell.onpointerdown = (event) => { if (event.pointerType === 'mouse' && !event.button) select(event); };
    cell.onclick = (event) => { if (event.pointerType !== 'mouse') select(event); };
    cell.onpointerenter = () => {
      if (!this.drag) return;
      this.chosen = new Set(this.drag.before);
      for (let k = Math.min(i, this.drag.from); k <= Math.max(i, this.drag.from); k++) this.set(k, this.drag.on);
      this.mark();
    };
    cell.ondragstart = () => false;
    this.list.append(cell);
    return { cell, picture, words };
  }

  set(i, on) { const { ticket } = this.shown[i]; if (on) this.chosen.add(ticket); else this.chosen.delete(ticket); }
  range(from, to) { for (let k = Math.min(from, to); k <= Math.max(from, to); k++) this.set(k, true); }
  get items() { return this.shown.filter((item) => this.chosen.has(item.ticket)); }

  keys() {
    const found = {
      Enter: () => this.take(), k: () => this.give('keep'), a: () => this.give('ambiguous'), d: () => this.give('delete'),
      PageUp: () => this.page(-1), PageDown: () => this.page(1),
    };
    this.desk.data.classes.slice(0, 8).forEach(({ name }, i) => { found[i + 1] = () => this.relabel(name); });
    return found;
  }

  help() {
    return [
      ['click, drag', 'select faces'], ['Shift', 'a range, with a click or an arrow'], ['← → ↑ ↓', 'from face to face'], ['Space', 'select it, or not'],
      ['X', 'select all, or none'], ['Enter', 'the suggestion, for all that are selected'], ['K', 'keep their labels'], ['A', 'ambiguous'], ['D', 'delete'],
      [`1–${Math.min(8, this.desk.data.classes.length)}`, 'give that label'], ['PgUp PgDn', 'the fifty before, the next fifty'],
    ];
  }

  // Arrow keys walk over the faces, whoever has the focus; Space and X select.
  motion(key, event) {
    if (!this.shown.length || !['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', ' ', 'x'].includes(key)) return false;
    const columns = Math.max(1, this.cells.slice(0, this.shown.length).filter(({ cell }) => cell.offsetTop === this.cells[0].cell.offsetTop).length);
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -this.here, End: this.shown.length - 1 - this.here }[key];
    if (key === 'x') this.chosen = new Set(this.chosen.size < this.shown.length ? this.shown.map((item) => item.ticket) : []);
    else if (key === ' ') { this.set(this.here, !this.chosen.has(this.shown[this.here].ticket)); this.anchor = this.here; }
    else {
      const to = this.here + by;
      if (to >= 0 && to < this.shown.length) this.here = to;
      if (event.shiftKey) this.range(this.anchor, this.here); else this.anchor = this.here;
    }
    this.mark();
    this.cells[this.here].cell.focus();
    return true;
  }

  // ---- verdicts
  get suggestion() {
    const all = new Set(this.items.map((item) => item.suggested));
    return all.size === 1 ? [...all][0] : '';
  }
  take() { if (this.suggestion) this.relabel(this.suggestion); }
  give(action) { this.desk.decide(this.items, action, { grid: true }, { keep: 'kept', delete: 'deleted', ambiguous: 'ambiguous' }[action]); }
  relabel(label) { this.desk.decide(this.items, 'relabel', { label, grid: true }, `→ ${label}`); }
  decided() {
    this.desk.flash(`${plural(this.chosen.size, 'decision')} recorded`);
    this.chosen.clear();
    this.here = this.anchor = 0;
  }
  undone(step) { this.chosen = new Set(step.tickets); this.show(); }

  page(by) {
    const { desk } = this;
    if (by > 0 && this.shown.length) desk.at = desk.order.indexOf(this.shown[this.shown.length - 1]) + 1;
    for (let left = AT_ONCE; by < 0 && left > 0 && desk.at > 0;) { desk.at -= 1; if (!desk.pending(desk.current.ticket)) left -= 1; }
    this.chosen.clear();
    this.here = this.anchor = 0;
    this.show();
    desk.send();
  }

  // ---- drawing
  rest() { this.cells[this.here].cell.focus({ preventScroll: true }); }

  show() {
    const { desk } = this, { data } = desk;
    this.shown = desk.open.slice(0, AT_ONCE);
    const mixed = new Set(this.shown.map((item) => `${item.label} ${item.suggested}`)).size > 1;
    this.cells.forEach(({ cell, picture, words }, i) => {
      const item = this.shown[i];
      cell.hidden = !item;
      if (!item || (cell.dataset.id === item.id && cell.dataset.mixed === String(mixed))) return;
      cell.dataset.id = item.id;
      cell.dataset.mixed = mixed;
      paint(picture, item.sheet, item.face);
      const pair = `${item.label} → ${item.suggested}`;
      cell.title = `${pair}, score ${item.score}`;
      cell.setAttribute('aria-label', `face ${i + 1}, ${pair}`);
      words.textContent = mixed ? `${item.label}\n→ ${item.suggested}` : '';
    });
    const empty = !this.shown.length;
    for (const part of [this.verdicts, this.labels, this.bar, this.list]) part.classList.toggle('gone', empty && desk.finished && !desk.order.length);
    this.none.replaceChildren();
    if (empty) {
      const box = make('div', 'empty');
      const done = desk.finished;
      box.append(make('b', '', done ? 'Nothing left in this queue' : 'The next faces are on their way'),
        make('span', '', done ? 'Choose another pair or split, or apply the decisions.' : 'Keys you press wait for them.'));
      this.none.append(box);
    }
    desk.tellPlace(data.left ? `${data.left.toLocaleString('en')} in this queue; click to select, Shift for a range` : '');
    this.mark();
  }

  mark() {
    this.cells.forEach(({ cell }, i) => {
      const item = this.shown[i];
      cell.setAttribute('aria-selected', String(Boolean(item && this.chosen.has(item.ticket))));
      cell.tabIndex = i === this.here ? 0 : -1;
    });
    const { items, suggestion } = this;
    const given = new Set(items.map((item) => item.label));
    for (const button of this.needs) button.disabled = !items.length;
    this.accept.disabled = !suggestion;
    relabelButton(this.accept, suggestion ? `Relabel ${suggestion}` : items.length ? 'Several suggestions' : 'Relabel');
    relabelButton(this.keep, given.size === 1 ? `Keep ${[...given][0]}` : 'Keep labels');
    this.count.textContent = `${items.length} of ${this.shown.length} selected`;
  }
}

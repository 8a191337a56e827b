// One face large, the evidence beside it, one key per verdict.
class FaceView {
  constructor(desk) {
    this.desk = desk;
    const { classes, meta } = desk.data;
    this.blind = meta.blind;
    this.figure = make('figure', 'face');
    this.figure.tabIndex = -1;
    this.picture = face(300);
    this.caption = make('figcaption');
    this.hint = make('div', 'swipe');
    this.figure.append(this.picture, this.caption, this.hint);
    swipes(this.figure, (way) => { this.hint.textContent = this.swiped(way)?.words || ''; }, (way) => this.swiped(way)?.run());
    this.about = make('div', 'about');
    this.head = make('h3', 'head');
    this.chip = make('span', 'chip good');
    this.bars = bars(classes);
    this.reasons = make('ul', 'notes');
    this.votes = make('p', 'note');
    this.cues = make('div', 'cues');
    this.where = make('p', 'muted');
    this.proof = make('div', 'proof');
    this.proof.append(this.reasons, this.votes, this.where);
    this.about.append(this.head, this.chip, this.bars.root, this.proof);
    this.main = make('div', 'split');
    this.main.append(this.figure, this.about);
    this.near = make('div', 'near');
    this.boxes = this.blind ? [] : [0, 1].map(() => this.box());
    this.near.append(...this.boxes.map(({ root }) => root));
    this.none = make('div', 'none');
    this.buttons();
    desk.body.append(this.main, this.verdicts, this.labels, this.near, this.cues, this.none);
    this.soft();
    desk.recent.append(make('h3', 'head', 'Just decided'), this.list = make('div', 'row wrap'));
    this.thumbs = new Map(); // step id -> its button
  }

  box() {
    const root = make('div', 'card'), head = make('h3', 'head'), row = make('div', 'row');
    const none = make('p', 'muted', 'No other picture of this class.');
    root.append(head, row, none);
    return { root, head, row, none };
  }

  buttons() {
    const { desk } = this, { classes } = desk.data;
    const button = (parent, key, words, run, more = {}) => {
      const made = keyButton(desk, { key, words, run: () => desk.press(key, run), ...more });
      parent.append(made);
      return made;
    };
    this.verdicts = make('div', 'row keysrow');
    this.labels = make('div', 'row keysrow quiet');
    this.accept = button(this.verdicts, 'Enter', 'Accept', () => this.take(), { kind: 'primary' });
    this.keep = button(this.verdicts, 'K', 'Keep', () => this.give('keep'));
    this.ambiguous = button(this.verdicts, 'A', 'Ambiguous', () => this.give('ambiguous'));
    button(this.verdicts, 'D', 'Delete', () => this.give('delete'), { hint: 'Left out of the next version; the file stays' });
    button(this.verdicts, 'S', 'Skip', () => desk.skip(), { hint: 'It comes again at the end' });
    button(this.verdicts, 'U', 'Undo', () => desk.undo());
    button(this.labels, 'ArrowLeft', 'Previous', () => desk.step(-1), { shown: '←' });
    classes.slice(0, 8).forEach(({ name }, i) => button(this.labels, String(i + 1), name, () => this.relabel(name)));
    button(this.labels, 'E', 'Soft label', () => this.ask(), { hint: 'Say how much of each class it is' });
    button(this.labels, 'ArrowRight', 'Next', () => desk.step(1), { shown: '→' });
    this.labels.classList.toggle('quiet', !this.blind);
  }

  keys() {
    const found = {
      d: () => this.give('delete'), s: () => this.desk.skip(), e: () => this.ask(),
      ArrowLeft: () => this.desk.step(-1), ArrowRight: () => this.desk.step(1),
    };
    if (!this.blind) Object.assign(found, { Enter: () => this.take(), k: () => this.give('keep'), a: () => this.give('ambiguous') });
    this.desk.data.classes.slice(0, 8).forEach(({ name }, i) => { found[i + 1] = () => this.relabel(name); });
    return found;
  }

  help() {
    const open = this.blind ? [] : [
      ['Enter', 'accept the suggestion'], ['K', 'keep the label'], ['A', 'ambiguous: the soft label offered is recorded'],
    ];
    const touch = this.blind ? [] : [['swipe', 'right accepts the suggestion, left keeps the label']];
    return [
      ...open, [`1–${Math.min(8, this.desk.data.classes.length)}`, 'give that label; the label it has is a keep'], ['D', 'delete: left out of the next version; the file stays'],
      ['E', 'soft label by hand'], ['S', 'skip: it comes again at the end'], ['← →', 'the face before, the next one'], ...touch,
    ];
  }

  // ---- verdicts
  get item() { return this.desk.current; }
  take() {
    if (!this.item) return;
    if (this.item.suggested !== this.item.label) { this.relabel(this.item.suggested); return; }
    const words = `No other label is suggested here, so Enter decided nothing: K keeps ${this.item.label}`;
    this.desk.flash(words);
    this.desk.announce(`${words}.`);
  }
  give(action) {
    const said = { keep: 'kept', delete: 'deleted', ambiguous: 'ambiguous' }[action];
    if (this.item) this.desk.decide([this.item], action, {}, said);
  }
  relabel(label) {
    if (this.item) this.desk.decide([this.item], 'relabel', { label }, label === this.item.label ? 'kept' : `→ ${label}`);
  }
  decided() { this.desk.advance(); }
  undone(step) { if (step.tickets.length === 1) this.desk.goTo(step.tickets[0], step.images[0]); else this.show(); }

  swiped(way) {
    if (!way || this.blind || !this.item) return null;
    const to = this.item.suggested, given = this.item.label;
    if (way > 0) return to === given ? null : { words: `→ ${to}`, run: () => this.take() };
    return { words: `keep ${given}`, run: () => this.give('keep') };
  }

  // ---- the soft label by hand
  soft() {
    this.form = dialog(this.desk.root, 'Soft label');
    this.form.body.append(make('p', 'note', 'How much of each class is in this face? Parts are scaled to sum to 100 %.'));
    const beside = make('div', 'soft'), list = make('div');
    beside.append(this.likeness = face(300), list);
    this.form.body.append(beside);
    this.parts = this.desk.data.classes.map(({ name }) => {
      const line = make('label', 'part', name);
      const slider = make('input');
      Object.assign(slider, { type: 'range', min: 0, max: 100, step: 5 });
      const value = make('output');
      slider.oninput = () => this.scaled();
      line.append(slider, value);
      list.append(line);
      return { name, slider, value };
    });
    this.save = make('button', 'primary', 'Save as ambiguous');
    this.save.type = 'button';
    this.save.onclick = () => {
      const soft = Object.fromEntries(this.parts.filter((p) => Number(p.slider.value)).map((p) => [p.name, Number(p.slider.value) / this.total]));
      this.form.close();
      this.desk.decide([this.asked], 'ambiguous', { soft }, 'ambiguous');
    };
    this.form.foot.prepend(this.save);
  }

  scaled() {
    this.total = this.parts.reduce((sum, part) => sum + Number(part.slider.value), 0);
    for (const part of this.parts) part.value.textContent = this.total ? `${Math.round(100 * part.slider.value / this.total)} %` : '–';
    this.save.disabled = !this.total;
  }

  ask() {
    if (!this.item) return;
    this.asked = this.item;
    paint(this.likeness, this.item.sheet, this.item.face);
    this.parts.forEach((part, i) => { part.slider.value = Math.round(100 * (this.blind ? 1 / this.parts.length : this.item.offered[i])); });
    this.scaled();
    this.form.open();
  }

  // ---- drawing
  rest() { this.figure.focus({ preventScroll: true }); }

  show() {
    const { desk, item } = this, { data } = desk;
    for (const part of [this.main, this.verdicts, this.labels, this.near, this.cues]) part.classList.toggle('gone', !item);
    this.none.replaceChildren();
    if (!item) { this.drawn = null; this.empty(); return; }
    const said = desk.verdict(item.ticket)?.words || (item.taken ? 'decided by somebody else meanwhile' : item.said);
    this.chip.hidden = !said;
    if (said) this.chip.textContent = desk.verdict(item.ticket) ? `${said} by you` : said;
    desk.tellPlace(data.left ? `${data.left.toLocaleString('en')} in this queue` : '');
    if (item === this.drawn) return;
    this.drawn = item;
    desk.spot.moved = Date.now();
    paint(this.picture, item.sheet, item.face);
    this.figure.dataset.id = item.id;
    this.picture.setAttribute('aria-label', this.blind ? 'Face' : `Face labelled ${item.label}`);
    this.head.textContent = this.blind ? 'Say what you see' : 'Why it is here';
    this.caption.replaceChildren(...(this.blind ? [make('span', '', 'Which emotion is this?')] : this.labelled(item)));
    this.bars.root.hidden = this.blind;
    this.desk.body.classList.add('between'); // what stands beside is of the face before, until it is drawn
    if (this.blind) { for (const one of [this.accept, this.keep, this.ambiguous]) one.hidden = true; return; }
    this.bars.set(item.p);
    relabelButton(this.accept, `Accept ${item.suggested}`, item.suggested === item.label);
    relabelButton(this.keep, `Keep ${item.label}`);
    this.ambiguous.title = item.softly;
  }

  // What need not be there in the same frame as the face.
  after() { this.evidence(); this.strip(); }

  evidence() {
    const { item } = this;
    this.desk.body.classList.remove('between');
    if (!item || item === this.explained) return;
    this.explained = item;
    this.reasons.replaceChildren(...(item.reasons || []).map((reason) => make('li', '', reason)));
    this.votes.textContent = item.votes || '';
    this.where.textContent = this.blind ? 'Blind: the label, the suggestion and what others said are hidden.' : item.where;
    this.cue(item.cues || []);
    this.boxes.forEach(({ root, head, row, none }, i) => {
      const one = item.nearest[i];
      root.hidden = !one;
      if (!one) return;
      head.textContent = `Nearest “${one.name}”`;
      none.hidden = Boolean(one.faces.length);
      while (row.children.length < one.faces.length) row.append(face(60));
      [...row.children].forEach((small, k) => {
        small.hidden = k >= one.faces.length;
        if (small.hidden) return;
        const [number, alike] = one.faces[k];
        small.title = `${one.name}, ${alike} alike`;
        small.setAttribute('aria-label', `Near face labelled ${one.name}`);
        paint(small, item.near, number);
      });
    });
  }

  labelled(item) {
    const named = (name) => {
      const word = make('b');
      const dot = make('span', 'dot');
      dot.style.background = this.desk.data.classes.find((one) => one.name === name)?.color || 'currentColor';
      word.append(dot, name);
      return word;
    };
    const words = [make('span', '', 'labelled '), named(item.label)];
    return item.suggested === item.label ? words : [...words, make('span', '', ' → looks '), named(item.suggested)];
  }

  // Signs that tell one class from another: [{title, lines}], where the server has them.
  cue(cues) {
    this.cues.replaceChildren(...cues.map(({ title, lines }) => {
      const box = make('div');
      const list = make('ul', 'notes');
      list.append(...lines.map((line) => make('li', '', line)));
      box.append(make('h4', '', title), list);
      return box;
    }));
  }

  empty() {
    const { desk } = this, done = desk.finished;
    const title = !done ? 'The next faces are on their way' : desk.data.any ? 'Nothing left in this queue' : 'No image passes these filters';
    const advice = !done ? 'Keys you press wait for them.'
      : desk.data.any ? 'Choose another pair, look at what is ambiguous, or apply the decisions as a version.' : 'Choose another pair or split, or a higher score.';
    const box = make('div', 'empty');
    box.append(make('b', '', title), make('span', '', advice));
    const undo = make('div', 'row keysrow');
    undo.append(keyButton(desk, { key: 'U', words: 'Undo', run: () => desk.undo() }));
    this.none.append(box, undo);
    desk.tellPlace('');
  }

  spoken() {
    if (!this.item) return '';
    if (this.blind) return 'Next face.';
    const { label, suggested } = this.item;
    return `Next: labelled ${label}${suggested === label ? '' : `, looks ${suggested}`}.`;
  }

  // The last few decisions, each with what was said and whether it is on the disk; a click shows the face again.
  strip() {
    const { desk } = this, found = new Map();
    for (const step of desk.steps.slice(-8).reverse()) {
      const item = desk.order.find((one) => one.ticket === step.tickets[0]);
      if (!item) continue;
      const thumb = this.thumbs.get(step.id) || this.thumb(item);
      const saving = desk.outbox.has(step.id);
      const said = desk.verdict(item.ticket)?.words || item.said || 'decided';
      if (thumb.said.textContent !== said) thumb.said.textContent = said;
      if (thumb.saving !== saving) {
        thumb.saving = saving;
        thumb.mark.className = `mark ${saving ? 'saving' : 'saved'}`;
        thumb.mark.textContent = saving ? 'saving' : 'saved';
      }
      found.set(step.id, thumb);
    }
    for (const [id, { button }] of this.thumbs) if (!found.has(id)) button.remove();
    this.thumbs = found;
    [...found.values()].forEach(({ button }, i) => {
      if (this.list.children[i] !== button) this.list.insertBefore(button, this.list.children[i] || null);
    });
    desk.recent.hidden = !found.size;
  }

  thumb(item) {
    const { desk } = this, small = face(56);
    paint(small, item.sheet, item.face);
    small.setAttribute('aria-hidden', 'true');
    const button = make('button', 'done'), said = make('span'), mark = make('span');
    button.type = 'button';
    button.append(small, said, mark);
    button.title = 'Look again';
    button.onclick = (event) => { desk.goTo(item.ticket, item.id); if (event.detail) desk.rest(); };
    return { button, said, mark };
  }
}

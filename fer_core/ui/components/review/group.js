// One group of copies: its faces, the one that would stay and why, and the keys that settle it.
class GroupView {
  constructor(desk) {
    this.desk = desk;
    this.chosen = new Map(); // ticket -> image id that stays, where the reviewer chose another
    this.head = make('h3', 'head');
    this.chips = make('span', 'row');
    this.why = make('p', 'note');
    this.list = make('div', 'copies');
    this.list.setAttribute('role', 'group');
    this.list.setAttribute('aria-label', 'Copies; choose the one to keep');
    this.list.tabIndex = -1;
    this.more = make('p', 'muted');
    this.none = make('div', 'none');
    this.hint = make('div', 'swipe');
    const top = make('div', 'row');
    top.append(this.head, this.chips);
    this.main = make('div');
    this.main.append(top, this.list, this.hint, this.more, this.why);
    swipes(this.list, (way) => { this.hint.textContent = this.swiped(way)?.words || ''; }, (way) => this.swiped(way)?.run());
    this.buttons();
    desk.body.append(this.main, this.none, this.verdicts);
  }

  buttons() {
    const { desk } = this, { closed } = desk.data.meta;
    const button = (key, words, run, more = {}) => {
      const made = keyButton(desk, { key, words, run: () => desk.press(key, run), ...more });
      this.verdicts.append(made);
      return made;
    };
    this.verdicts = make('div', 'row keysrow');
    this.accept = button('Enter', 'Keep', () => this.settle(), { kind: 'primary', hint: 'Keep the green one, drop the rest' });
    this.other = button('K', 'Keep another', () => this.another());
    this.apart = button('N', 'Not copies', () => this.refuse(), { hint: 'Keep them all, and do not ask again' });
    for (const one of [this.accept, this.other, this.apart]) one.hidden = closed;
    button('U', 'Undo', () => desk.undo());
    button('ArrowLeft', 'Previous', () => desk.step(-1), { shown: '←' });
    button('ArrowRight', 'Next', () => desk.step(1), { shown: '→' });
    if (!closed) button('R', 'Rules', () => this.rules(), { hint: 'Settle the rest of them at once' });
  }

  keys() {
    const found = { ArrowLeft: () => this.desk.step(-1), ArrowRight: () => this.desk.step(1) };
    if (this.desk.data.meta.closed) return found;
    return { ...found, Enter: () => this.settle(), k: () => this.another(), n: () => this.refuse(), r: () => this.rules() };
  }

  help() {
    return [
      ['Enter', 'keep the green one, drop the rest'], ['K', 'keep another: the next of the group; a click on a face keeps that one'],
      ['N', 'not copies: keep them all, and do not ask again'], ['← →', 'the group before, the next one'], ['R', 'go to the rules that settle the rest'],
      ['swipe', 'right keeps the green one, left: not copies'],
    ];
  }

  // ---- verdicts
  get item() { return this.desk.current; }
  get keep() { return this.chosen.get(this.item.ticket) || this.item.keep; }
  get reason() { return this.keep === this.item.keep ? this.item.reason : 'you chose it'; }
  name(id) { return this.item.names[id] || 'it'; }

  settle() {
    if (!this.item) return;
    this.desk.decide([this.item], 'settle', { keep: this.keep, reason: this.reason }, `kept ${this.name(this.keep)}`);
  }

  refuse() { if (this.item) this.desk.decide([this.item], 'apart', {}, 'not copies'); }

  another() {
    if (!this.item) return;
    const { images } = this.item;
    this.chosen.set(this.item.ticket, images[(images.indexOf(this.keep) + 1) % images.length]);
    this.show();
    this.desk.announce(`Would keep ${this.name(this.keep)}.`);
  }

  rules() {
    const card = document.querySelector('.st-key-dup-rules');
    card?.scrollIntoView({ behavior: 'smooth' });
    card?.querySelector('input, button')?.focus({ preventScroll: true });
  }

  decided() { this.desk.advance(); }
  undone(step) { this.desk.goTo(step.tickets[0], step.tickets[0]); }
  swiped(way) {
    if (!way || !this.item || this.desk.data.meta.closed) return null;
    return way > 0 ? { words: `keep ${this.name(this.keep)}`, run: () => this.settle() } : { words: 'not copies', run: () => this.refuse() };
  }

  // ---- drawing
  rest() { this.list.focus({ preventScroll: true }); }

  show() {
    const { desk, item } = this, { closed } = desk.data.meta;
    this.main.classList.toggle('gone', !item);
    for (const button of [this.accept, this.other, this.apart]) button.disabled = !item;
    this.none.replaceChildren();
    if (!item) {
      const box = make('div', 'empty');
      const done = desk.finished;
      box.append(make('b', '', done ? 'Nothing left in this queue' : 'The next groups are on their way'), make('span', '', done ? desk.data.advice : 'Keys you press wait for them.'));
      this.none.append(box);
      desk.tellPlace('');
      return;
    }
    const said = desk.verdict(item.ticket)?.words;
    this.head.textContent = item.head;
    this.chips.replaceChildren(...item.chips.map(([kind, words]) => make('span', `chip ${kind}`, words)));
    if (said) this.chips.append(make('span', 'chip good', said));
    desk.tellPlace(desk.data.left ? `${plural(desk.data.left, 'group')} in this queue` : '');
    this.list.replaceChildren(...item.faces.map((one) => this.copy(one, closed)));
    this.list.dataset.ticket = item.ticket;
    this.more.textContent = item.more ? `and ${item.more.toLocaleString('en')} more copies` : '';
    const rest = item.images.length - 1;
    this.why.textContent = closed ? 'Nothing is left to decide here. Undo brings the last verdict back.'
      : `Proposed: keep ${this.name(this.keep)}, because ${this.reason}. Click another face to keep that one.`;
    relabelButton(this.accept, `Keep ${this.name(this.keep)}, drop ${rest === 1 ? 'the other' : rest}`, closed);
    relabelButton(this.apart, rest === 1 ? 'Not a copy' : 'Not copies', closed);
  }

  copy(one, closed) {
    const kept = one.id === this.keep;
    const button = make('button', closed ? 'copy' : `copy ${kept ? 'keep' : 'flagged'}`);
    button.type = 'button';
    button.dataset.id = one.id;
    button.disabled = closed;
    const picture = face(176);
    picture.setAttribute('aria-hidden', 'true');
    paint(picture, this.item.sheet, one.face);
    const fate = closed ? '' : kept ? 'keep · ' : 'drop · ';
    button.append(picture, make('span', 'cap', `${fate}${one.words}`), make('span', 'sub', one.detail));
    if (!closed) button.setAttribute('aria-pressed', String(kept));
    button.onclick = (event) => {
      this.chosen.set(this.item.ticket, one.id);
      this.show();
      if (event.detail) this.rest();
      else this.list.querySelector(`[data-id="${CSS.escape(one.id)}"]`)?.focus();
    };
    return button;
  }

  spoken() { return this.item ? `${this.item.head}. Would keep ${this.name(this.keep)}.` : ''; }
}

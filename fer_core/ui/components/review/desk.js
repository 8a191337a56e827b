// The desk: what lies before and behind the reviewer, what a key does, and what goes to the server and comes back.
const GAP = 200, RETRY = 12000, MOST = 80; // ms between messages, ms without an answer, decisions in one message
const PAUSE = 300, LONGEST = 4000, LATE = 8000; // ms without a key that are a pause; ms that decisions wait for one; ms that are long
const HURRY = 200; // ms between two keys
const LOOK = 5000; // ms between two looks whether somebody else has settled the last face
const STALL = 9; // seconds for which the faces at hand last at the pace of now, for a busy server answers late
const CONTROL = 'button, a, summary, [role=button]'; // what Enter presses where it has the focus

// A queue without the version it is of, the last part of its name.
const queueOf = (name = '') => name.slice(0, name.lastIndexOf('/'));

class Desk {
  constructor(root) {
    this.root = root;
    this.order = []; // items handed out, as they lie: behind, current, ahead
    this.at = 0;
    this.have = -1; // the highest number handed out
    this.early = []; // keys that came before the face they are meant for
    this.refused = 0; // keys that came before any face, which decide nothing
    this.steps = []; // what Undo takes back, the last one at the end
    this.verdicts = new Map(); // ticket -> what was said of it, the last one holds
    this.presses = []; // times of the last ones, for the pace
    this.sent = null; this.number = 0; this.lastSent = 0; this.wanted = ''; this.ended = false; this.seen = 0;
    this.online = true;
    this.spot = new Place(this);
    this.queue = Promise.resolve();
    this.onKey = (event) => this.key(event);
    this.onLeave = (event) => { this.outbox?.keep(); this.spot.keep(); if (this.outbox?.size || this.early.length) { event.preventDefault(); event.returnValue = ''; } };
    this.onHide = () => this.outbox?.keep();
    this.onLink = (event) => { this.note(event); this.leave(event); };
    const at = document.activeElement;
    this.clicked = new WeakSet(at && (!at.matches(':focus-visible') || at.matches('[data-testid=stSidebarNavLink]')) ? [at] : []);
    document.addEventListener('keydown', this.onKey, true);
    window.addEventListener('beforeunload', this.onLeave);
    document.addEventListener('click', this.onLink, true);
    window.addEventListener('pagehide', this.onHide);
    this.timer = setInterval(() => this.tick(), 250);
  }

  stop() {
    document.removeEventListener('keydown', this.onKey, true);
    window.removeEventListener('beforeunload', this.onLeave);
    document.removeEventListener('click', this.onLink, true);
    window.removeEventListener('pagehide', this.onHide);
    this.onHide();
    clearInterval(this.timer);
    this.sizes?.disconnect();
    document.documentElement.classList.remove('fer-cut', 'fer-review');
    this.root.fer = null;
  }

  // ---- what the server says
  receive(data) {
    this.queue = this.queue.then(() => this.take(data)).catch((error) => console.error(error));
  }

  async take(data) {
    if (data.store !== this.data?.store) this.outbox = new Outbox(data.store);
    const fresh = data.visit !== this.data?.visit;
    const [faces, near] = await Promise.all([loadSheet(data.sheet), loadSheet(data.near)]);
    this.data = data;
    if (fresh) this.begin(data);
    this.settle(data.receipt);
    for (const item of data.items) {
      if (item.n !== this.have + 1) continue; // known, or it will be asked for again
      if (!item.gone) this.lay(Object.assign(item, { sheet: faces, near }));
      this.have = item.n;
    }
    if (data.gone.length) {
      const gone = new Set(data.gone); // decided by somebody else meanwhile; what was said here stays
      this.order = this.order.filter((item, i) => i <= this.at || !gone.has(item.ticket) || this.pending(item.ticket));
    }
    // The one on screen stays, for a key may be on its way.
    if (this.current) this.current.taken = data.gone.includes(this.current.ticket) && !this.pending(this.current.ticket);
    if (data.extra) this.insert(Object.assign(data.extra, { sheet: faces, near }));
    if (data.receipt.v >= this.seen) { this.seen = data.receipt.v; this.ended = data.end; }
    if (fresh) {
      const place = this.order.findIndex((item) => item.n === data.begin);
      this.at = place < 0 ? this.order.length : place;
      if (this.current && this.pending(this.current.ticket)) this.advance();
      const kept = this.spot.take() || this.left();
      if (kept) this.seek(kept.ticket, kept.id);
    }
    this.show();
    this.state();
    this.drain();
    this.send();
  }

  show() {
    window.ferLeft = { queue: this.here, current: this.current }; // outlives the desk, which Apply builds anew
    this.view.show();
    this.later();
  }

  // The face that was on screen, if this is the queue of then on another version.
  left() {
    const { queue, current } = window.ferLeft || {};
    return current && queue !== this.here && queueOf(queue) === queueOf(this.here) ? current : null;
  }

  // What may come after the face is on the screen: what stands beside it, and the message to the server. The second
  // frame from now begins when the first, which has the face, is handed on to be shown; it is not asked for where
  // nothing is drawn in it.
  later() {
    if (this.due) return;
    this.due = true;
    const rest = () => { this.due = false; this.outbox.keep(); if (!this.hurried) this.view.after?.(); this.send(); };
    requestAnimationFrame(() => (this.hurried ? setTimeout(rest) : requestAnimationFrame(() => setTimeout(rest))));
  }

  begin(data) {
    Object.assign(this, { order: [], at: 0, have: -1, wanted: '', ended: false, sent: null, seen: 0 });
    if (data.queue !== this.here) this.refused += this.early.splice(0).length; // they were meant for the queue on screen
    this.here = data.queue;
    this.verdicts.clear();
    this.steps = data.done.map(([id, tickets, images]) => ({ id, tickets, images }));
    for (const press of this.outbox.waiting) this.remember(press);
    this.build();
    this.refuse(0);
  }

  // What is still in the outbox after a reload: said, and the first that Undo takes back.
  remember(press) {
    if (press.action === 'undo') { this.steps = this.steps.filter((step) => step.id !== press.undoes); this.withdraw(press.undoes); return; }
    const tickets = press.tickets || [];
    this.steps.push({ id: press.id, tickets, images: press.images });
    for (const ticket of tickets) this.say(ticket, press.id, press.said || press.action);
  }

  build() {
    const { kind } = this.data;
    this.root.replaceChildren();
    this.root.dataset.kind = kind;
    this.root.className = 'review';
    const top = make('div', 'row top');
    this.place = make('span', 'place');
    this.status = make('span', 'state');
    const help = make('button', 'plain round', '?');
    help.type = 'button';
    help.setAttribute('aria-label', 'Keys');
    help.onclick = () => this.help.open();
    top.append(this.place, make('span', 'space'), this.status, help);
    this.trouble = make('div', 'trouble');
    this.trouble.setAttribute('role', 'alert');
    this.live = make('div', 'sr');
    this.live.setAttribute('aria-live', 'polite');
    this.body = make('div', 'desk');
    this.recent = make('div', 'recent');
    this.sheet = make('div');
    this.sheet.append(top, this.trouble, this.body, this.recent, this.live);
    this.root.append(this.sheet);
    this.sizes ||= new ResizeObserver(() => this.fit());
    this.sizes.disconnect();
    this.sizes.observe(this.sheet);
    this.view = new { face: FaceView, grid: GridView, group: GroupView, quiet: QuietView }[kind](this);
    this.keys = { ...this.view.keys(), u: () => this.undo() };
    this.help = dialog(this.root, 'Keys');
    const list = make('dl', 'keys');
    for (const [key, words] of [...this.view.help(), ['U', 'undo, as often as you like'], ['?', 'this list']]) {
      const name = make('dt');
      name.append(make('kbd', '', key));
      list.append(name, make('dd', '', words));
    }
    this.help.body.append(list);
  }

  // The page is laid out anew where the height changes and not with every face, for the browser is told the height.
  fit() {
    this.root.style.containIntrinsicBlockSize = `${this.sheet.offsetHeight}px`;
    this.root.classList.add('sized');
  }

  settle(receipt) {
    if (!receipt) return;
    if (this.sent && receipt.v >= this.sent.v) this.sent = null;
    if (receipt.problem) { this.problem = receipt.problem; this.lastSent = Date.now() + 1500; return; }
    this.problem = '';
    this.outbox.done(receipt.saved);
    for (const [id, why] of Object.entries(receipt.refused)) {
      if (!this.outbox.has(id)) continue;
      this.outbox.done([id]);
      this.steps = this.steps.filter((step) => step.id !== id);
      this.withdraw(id);
      this.tellAside(`A decision was not recorded. ${why}`);
    }
    for (const words of Object.values(receipt.met || {})) this.tellAside(words);
  }

  // Stays until it is read.
  tellAside(words) {
    const line = make('p', '', words);
    const read = make('button', 'plain', 'Dismiss');
    read.type = 'button';
    read.onclick = () => line.remove();
    line.append(' ', read);
    this.trouble.append(line);
  }

  // ---- where the reviewer is
  get current() { return this.order[this.at]; }
  get ready() { return this.current && !this.wanted; }
  pending(ticket) { return this.verdict(ticket) !== undefined; }
  verdict(ticket) { const said = this.verdicts.get(ticket); return said && said[said.length - 1]; }
  say(ticket, id, words) { this.verdicts.set(ticket, [...(this.verdicts.get(ticket) || []), { id, words }]); }

  withdraw(id) {
    for (const [ticket, said] of this.verdicts) {
      const left = said.filter((one) => one.id !== id);
      if (left.length) this.verdicts.set(ticket, left); else this.verdicts.delete(ticket);
    }
  }

  // On to the next one that nothing was said of; what was passed over comes again from the server, at the end.
  advance() {
    this.at += 1;
    while (this.current && this.pending(this.current.ticket)) this.at += 1;
    if (this.at > 200) { const gone = this.at - 60; this.order.splice(0, gone); this.at -= gone; }
  }

  step(by) {
    this.at = Math.max(0, Math.min(this.order.length, this.at + by));
    this.show();
  }

  skip() { this.advance(); this.show(); this.announce('Skipped.'); }

  // Shows a face that lies somewhere else, or that only the server has.
  goTo(ticket, image) {
    this.seek(ticket, image);
    this.show();
  }

  seek(ticket, image) {
    const place = this.order.findIndex((item) => item.ticket === ticket);
    if (place >= 0) this.at = place; else this.wanted = image;
  }

  // One that was passed over comes again: it lies ahead now, and no longer behind.
  lay(item) {
    if (this.pending(item.ticket) && this.order.some((one) => one.ticket === item.ticket)) return; // it was on its way already
    const before = this.order.findIndex((one) => one.ticket === item.ticket);
    if (before >= 0 && before < this.at) { this.order.splice(before, 1); this.at -= 1; }
    this.order.push(item);
  }

  // What lies at the reviewer and after, and nothing was said of.
  get open() { return this.order.slice(this.at).filter((item) => !item.taken && !this.pending(item.ticket)); }

  insert(item) {
    if (item.key !== this.wanted) return;
    this.wanted = '';
    if (item.missing) return;
    this.order.splice(this.at, 0, item);
  }

  // ---- decisions
  decide(items, action, more, said) {
    if (!items.length) return;
    if (items.length === 1 && items[0].taken && !this.pending(items[0].ticket)) {
      const words = 'Somebody else has decided this face meanwhile: your key decided nothing';
      this.advance();
      this.show();
      this.flash(words);
      this.announce(`${words}.`);
      return;
    }
    const { who, version, method, blind, final, alone } = this.data.meta;
    const images = items.flatMap((item) => item.images || [item.id]);
    const tickets = items.map((item) => item.ticket);
    const press = this.outbox.add({ action, images, tickets, said, who, version, method, blind, final, alone, ticket: items.length === 1 ? items[0].ticket : '', ...more });
    for (const ticket of tickets) this.say(ticket, press.id, said);
    this.steps.push({ id: press.id, tickets, images });
    const now = performance.now();
    this.presses = [...this.presses.filter((time) => now - time < 2000), now];
    this.view.decided(items);
    this.show();
    this.announce(`${items.length > 1 ? `${items.length} faces ` : ''}${said}.`);
    this.state();
  }

  undo() {
    const step = this.steps.pop();
    if (!step) { this.announce('There is nothing of yours to undo.'); this.flash('There is nothing of yours to undo'); return; }
    this.outbox.add({ action: 'undo', undoes: step.id, who: this.data.meta.who });
    this.withdraw(step.id);
    this.flash(`Undone: ${plural(step.tickets.length, 'decision')}`);
    this.announce(`Undone: ${plural(step.tickets.length, 'decision')}.`);
    this.view.undone(step);
    this.state();
    this.later();
  }

  // ---- keys
  key(event) {
    if (!this.root.isConnected) { this.stop(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (this.root.querySelector('dialog[open]') || (this.online && document.querySelector('[role=dialog]'))) return;
    const target = event.composedPath()[0];
    const own = this.root.contains(target);
    const tick = target.matches?.('input[type=checkbox], input[type=radio]'); // takes Space, and arrows, but no letters
    if (tick && (event.key === ' ' || event.key.startsWith('Arrow'))) return;
    if (!own && !tick && target.matches?.('input, textarea, select, [contenteditable], [role=slider], [role=combobox], [role=option], canvas[tabindex]')) return;
    if (event.key === 'Tab') this.clicked = new WeakSet();
    const control = (event.key === 'Enter' || event.key === ' ') && target.closest?.(CONTROL);
    if (control && !this.clicked.has(control) && !target.closest('[role=option]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!this.view) { if (/^([a-z1-8]|Enter)$/.test(key)) this.refuse(1); return; }
    if (this.view.motion?.(key, event)) { event.preventDefault(); return; }
    if (event.shiftKey && key !== '?') return;
    if (!own && key.startsWith('Arrow') && target.closest?.('[role=tablist], [role=radiogroup], [role=listbox], [role=menu]')) return;
    if (key === '?') { event.preventDefault(); this.help.open(); return; }
    const run = this.keys[key];
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat && !key.startsWith('Arrow')) return; // a key that is held down is one press
    this.press(key, run);
  }

  // Enter means the control that the focus was moved to by Tab, but the face after a click, the click that opened this page
  // too: the focus stays on what was clicked, and nobody means it a second time.
  note(event) {
    const control = event.detail && event.composedPath()[0].closest?.(CONTROL);
    if (control) this.clicked.add(control);
  }

  // Nobody decides about a face that was not seen: such keys are refused in words.
  refuse(more) {
    this.refused += more;
    if (!this.refused) return;
    const words = `${plural(this.refused, 'key')} came before the face was shown and decided nothing`;
    if (!this.view) { this.root.setAttribute('role', 'status'); this.root.textContent = words; return; }
    this.refused = 0;
    this.root.removeAttribute('role');
    this.flash(words);
    this.live.textContent = `${words}.`;
  }

  // A key for a face that is not here yet waits for it; one frame lies between two such keys, so that each face is seen.
  press(key, run) {
    if (!this.early.length && (this.ready || key.toLowerCase() === 'u' || (this.finished && !this.wanted))) { run(); return; }
    this.early.push(key.length === 1 ? key.toLowerCase() : key);
    this.state();
  }

  drain() {
    if (this.draining || !this.early.length) return;
    if (this.finished) { this.early = []; this.state(); return; }
    if (!this.ready) return;
    this.draining = true;
    requestAnimationFrame(() => { this.draining = false; if (this.ready) this.keys[this.early.shift()]?.(); this.drain(); });
  }

  // Nothing is left, and the server said so of all that it was told.
  get finished() { return !this.open.length && this.ended && !this.sent && !this.outbox.size && this.seen === this.number && !this.wanted; }

  rest() { this.view.rest?.(); }

  // ---- to the server
  // Sixty come with the first message, thirty more soon after, and at a high pace what lasts through a stall.
  get pace() { return this.presses.length / 2; } // keys a second
  get need() { return Math.ceil(3 * this.data.ahead + this.pace * STALL); }

  // Without its server Streamlit lays a dialog over the page. The review goes on meanwhile, and says itself what is unsaved.
  watch() {
    const online = (document.querySelector('[data-testid=stApp]')?.dataset.testConnectionState ?? 'CONNECTED') === 'CONNECTED';
    if (online && !this.online) this.sent = null;
    this.online = online;
    document.documentElement.classList.toggle('fer-cut', !online && this.data.kind !== 'quiet');
  }

  tick() {
    if (!this.data) return;
    if (!this.root.isConnected) { this.stop(); return; }
    document.documentElement.classList.add('fer-review');
    this.outbox.keep();
    this.watch();
    const now = performance.now();
    this.presses = this.presses.filter((time) => now - time < 2000);
    this.drain();
    this.send();
    this.state();
    if (!this.hurried) this.view.after?.();
    this.spot.follow();
  }

  // A key not long ago, and another one shortly before it.
  get typing() {
    const [last, before] = [this.presses.at(-1), this.presses.at(-2)], now = performance.now();
    return last !== undefined && now - last < PAUSE && before !== undefined && last - before < 2 * PAUSE;
  }

  // Keys faster than anybody reads: what stands beside the face comes when they pause.
  get hurried() {
    const [last, before] = [this.presses.at(-1), this.presses.at(-2)];
    return before !== undefined && last - before < HURRY && performance.now() - last < HURRY;
  }

  send() {
    const now = Date.now();
    if (this.sent && now - this.sent.time < RETRY) return;
    if (now - this.lastSent < GAP) return;
    const open = this.open;
    const thirsty = !this.ended && open.length < this.need - 10;
    const dry = !open.length && !this.finished && !this.wanted;
    const shared = this.data.shared && open.length === 1 && now - this.lastSent > LOOK;
    if (!this.outbox.size && !thirsty && !dry && !shared && !this.wanted) return;
    // While keys are coming the answer, and what the page draws because of it, can wait for a pause.
    const soon = this.wanted || (!this.ended && open.length < Math.max(this.data.ahead / 2, this.pace * STALL));
    if (!soon && this.typing && now - this.lastSent < LONGEST) return;
    this.number = Math.max(now, this.number + 1);
    this.sent = { v: this.number, time: now };
    this.lastSent = now;
    const left = open.filter((item) => item.n >= 0);
    this.tell({
      v: this.number, visit: this.data.visit, have: this.have, need: this.need,
      at: left.length ? Math.min(...left.map((item) => item.n)) : this.have + 1,
      want: this.wanted, ops: this.outbox.batch(MOST),
    });
  }

  // ---- what is on screen beside the view
  state() {
    if (!this.status) return;
    const count = this.outbox.size;
    const late = count && !this.online || count && Date.now() - this.outbox.waiting[0].at > LATE;
    let words = count ? `${count} saving` : this.steps.length ? 'All saved' : '';
    if (this.problem || late) words = `${count} not saved yet: kept in this browser and sent again`;
    if (count && !this.outbox.kept) words = `${count} not saved yet, and this browser keeps nothing: do not leave`;
    if (this.early.length && !this.ready) words += ` · ${plural(this.early.length, 'key')} waiting for the next face`;
    const kind = count ? (this.problem || late ? 'late' : 'saving') : 'saved';
    if (this.status.textContent !== words) this.status.textContent = words;
    this.status.className = `state ${kind}`;
    this.status.title = this.problem || '';
    this.status.dataset.unsaved = count;
    this.status.dataset.waiting = this.early.length;
  }

  flash(words) {
    this.place.dataset.flash = words;
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => { delete this.place.dataset.flash; this.view.show(); }, 2500);
    this.place.textContent = words;
  }

  tellPlace(words) { if (!this.place.dataset.flash) this.place.textContent = words; }

  announce(words) {
    const next = this.view.spoken?.() || '';
    this.live.textContent = `${words} ${next}`;
  }

  leave(event) {
    const link = event.composedPath().find((node) => node.matches?.('a[href]'));
    if (!link || link.target === '_blank' || this.root.contains(link) || !this.outbox?.size) return;
    const words = `${plural(this.outbox.size, 'decision')} not saved yet. Kept in this browser, they are saved when you come back to this page. Leave?`;
    if (!window.confirm(words)) { event.preventDefault(); event.stopPropagation(); }
  }
}

// Where the reviewer is, kept over a reload: in the address, which a link can carry, and exactly, in the tab itself.
class Place {
  constructor(desk) { this.desk = desk; this.moved = 0; }

  get name() { return this.desk.data?.address; }
  get url() { return new URL(location.href); }
  get key() { return `fer-place/${this.desk.data.store}`; }

  // Browsers allow few changes of the address a second, so it follows where the reviewer pauses.
  follow() { if (this.moved && Date.now() - this.moved > 300) this.write(); }

  write() {
    this.moved = 0;
    const { name, url, desk: { current } } = this;
    if (!name || !current?.id || url.searchParams.get(name) === current.id) return;
    url.searchParams.set(name, current.id);
    history.replaceState(history.state, '', url);
  }

  // A reload asks for the address as it was when it began, which may be a face or two behind what is written on leaving.
  keep() {
    const { name, desk: { here, current } } = this;
    if (!name || !current) return;
    const kept = { queue: here, was: this.url.searchParams.get(name), id: current.id, ticket: current.ticket };
    try { sessionStorage.setItem(this.key, JSON.stringify(kept)); } catch { /* then the address has to do */ }
    this.write();
  }

  // What was kept, once, if the queue is the same and the address no other one than it was.
  take() {
    if (!this.name) return null;
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(this.key)); sessionStorage.removeItem(this.key); } catch { return null; }
    const now = this.url.searchParams.get(this.name);
    return kept?.queue === this.desk.here && [kept.was, kept.id].includes(now) ? kept : null;
  }
}

// Decisions that the server has not confirmed. They lie in the browser's own storage, one entry each, until their receipt
// comes: a reload, a lost connection or a server that died only delays them. The id makes sending again harmless.
const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
};

class Outbox {
  constructor(store) {
    this.prefix = `fer-review/${store}/`;
    this.waiting = [];
    this.fresh = []; // of these, not yet in the browser's storage
    this.kept = true; // whether the browser's storage takes them
    this.last = 0;
    try {
      for (const name of Object.keys(localStorage)) {
        if (!name.startsWith(this.prefix)) continue;
        try { this.waiting.push(JSON.parse(localStorage.getItem(name))); } catch { localStorage.removeItem(name); }
      }
    } catch { this.kept = false; }
    this.waiting.sort((a, b) => a.at - b.at);
    if (this.waiting.length) this.last = this.waiting[this.waiting.length - 1].at;
  }

  get size() { return this.waiting.length; }

  add(press) {
    // Times are the order in which they are recorded, so no two are equal, whatever the clock does.
    this.last = Math.max(Date.now(), this.last + 0.01);
    const kept = { ...press, id: newId(), at: this.last };
    this.waiting.push(kept);
    this.fresh.push(kept);
    return kept;
  }

  // Into the browser's storage: in the frame after the key, for writing takes as long as drawing does, and on leaving.
  keep() {
    for (const press of this.fresh.splice(0)) {
      try { localStorage.setItem(this.prefix + press.id, JSON.stringify(press)); this.kept = true; } catch { this.kept = false; }
    }
  }

  batch(most) {
    const now = Date.now();
    return this.waiting.slice(0, most).map(({ at, ...press }) => ({ ...press, age: Math.max(0, now - at) / 1000 }));
  }

  has(id) { return this.waiting.some((press) => press.id === id); }

  done(ids) {
    const gone = new Set(ids);
    this.waiting = this.waiting.filter((press) => !gone.has(press.id));
    this.fresh = this.fresh.filter((press) => !gone.has(press.id));
    for (const id of gone) try { localStorage.removeItem(this.prefix + id); } catch { /* it is only sent once more */ }
  }
}

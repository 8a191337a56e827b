// Small parts that every view is made of.
const make = (tag, name = '', text = undefined) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

const plural = (n, word) => `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`;

// A bitmap, decoded beside the page's own thread where the page may read data addresses so, else by an image.
const bitmap = async (src) => {
  try { return await createImageBitmap(await (await fetch(src)).blob()); } catch { /* a strict policy for content */ }
  const picture = new Image();
  picture.src = src;
  await picture.decode();
  return createImageBitmap(picture);
};

// One picture that holds many faces; a bitmap before the faces in it are offered, so that drawing one never decodes.
const loadSheet = async (sheet) => {
  if (!sheet) return null;
  const image = await bitmap(sheet.src);
  return { image, columns: sheet.columns, side: sheet.side };
};

const paint = (canvas, sheet, number) => {
  const edge = Math.round(canvas.dataset.edge * Math.min(window.devicePixelRatio || 1, 2));
  if (canvas.width !== edge || canvas.height !== edge) { canvas.width = edge; canvas.height = edge; }
  const pen = canvas.getContext('2d');
  pen.imageSmoothingQuality = 'high';
  if (!sheet) { pen.clearRect(0, 0, edge, edge); return; }
  const { image, columns, side } = sheet;
  pen.drawImage(image, (number % columns) * side, Math.floor(number / columns) * side, side, side, 0, 0, edge, edge);
};

const face = (edge, name = '') => {
  const canvas = make('canvas', name);
  canvas.dataset.edge = edge;
  canvas.setAttribute('role', 'img');
  return canvas;
};

// A button that says what its key will do. After a click by mouse or finger the focus goes back to the picture, so that
// Enter then means what the first button says and not the last click again.
const keyButton = (desk, { key, words, run, kind = '', hint = '', shown = key }) => {
  const button = make('button', kind);
  button.type = 'button';
  button.dataset.key = key;
  button.append(make('span', 'words', words));
  const cap = make('kbd', '', shown);
  cap.setAttribute('aria-hidden', 'true');
  button.append(cap);
  if (hint) button.title = hint;
  button.setAttribute('aria-keyshortcuts', shown === '←' ? 'ArrowLeft' : shown === '→' ? 'ArrowRight' : shown);
  button.onclick = (event) => { run(); if (event.detail) desk.rest(); };
  return button;
};

const relabelButton = (button, words, hidden = false) => {
  const said = button.firstChild;
  if (said.textContent !== words) said.textContent = words;
  button.hidden = hidden;
};

const bars = (classes) => {
  const root = make('div', 'bars');
  const rows = classes.map(({ name, color }) => {
    const fill = make('i');
    fill.style.background = color;
    const bar = make('span', 'bar');
    bar.append(fill);
    const number = make('span', 'num');
    root.append(make('span', '', name), bar, number);
    return { fill, number };
  });
  return {
    root,
    set(values) {
      rows.forEach(({ fill, number }, i) => {
        fill.style.width = `${Math.max(0, Math.min(1, values[i])) * 100}%`;
        number.textContent = values[i].toFixed(2).replace(/^0/, '');
      });
    },
  };
};

// A dialog of our own; while it is open no key decides anything.
const dialog = (root, title) => {
  const box = make('dialog');
  const head = make('h3', '', title);
  head.id = `t${newId().slice(0, 6)}`;
  box.setAttribute('aria-labelledby', head.id);
  const body = make('div', 'body');
  const close = make('button', 'plain', 'Close');
  close.type = 'button';
  close.onclick = () => box.close();
  const foot = make('div', 'row foot');
  foot.append(close);
  box.append(head, body, foot);
  root.append(box);
  return { box, body, foot, open: () => { if (!box.open) box.showModal(); }, close: () => box.close() };
};

// A horizontal swipe of a finger: what it would do is said while it moves, and done where it is let go.
const swipes = (target, onMove, act) => {
  let from = null;
  const far = (event) => event.clientX - from.x;
  target.style.touchAction = 'pan-y';
  target.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'mouse') from = { x: event.clientX, y: event.clientY };
  });
  target.addEventListener('pointermove', (event) => {
    if (!from) return;
    target.style.transform = `translateX(${far(event) / 2}px)`;
    onMove(Math.abs(far(event)) > 60 ? Math.sign(far(event)) : 0);
  });
  const end = (event) => {
    if (!from) return;
    const way = event.type === 'pointerup' && Math.abs(far(event)) > 60 ? Math.sign(far(event)) : 0;
    from = null;
    target.style.transform = '';
    onMove(0);
    if (way) act(way);
  };
  target.addEventListener('pointerup', end);
  target.addEventListener('pointercancel', end);
};

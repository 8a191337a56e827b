export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.grid'), bar = parentElement.querySelector('.bar');
  const kept = parentElement.__fer;
  const state = kept && kept.sheet === data.sheet && kept.nonce === data.nonce
    ? kept : { sheet: data.sheet, nonce: data.nonce, picked: new Set(data.picked), last: -1 };
  parentElement.__fer = state;
  root.replaceChildren(); bar.replaceChildren();
  root.setAttribute('aria-label', data.label);
  root.style.gridTemplateColumns = `repeat(auto-fill, minmax(${data.size}px, 1fr))`;
  const status = document.createElement('span');
  status.setAttribute('aria-live', 'polite');
  const draw = () => {
    for (const cell of cells) {
      const on = state.picked.has(cell.dataset.id);
      cell.classList.toggle('picked', on);
      cell.lastTick.setAttribute('aria-checked', String(on));
    }
    root.classList.toggle('picking', state.picked.size > 0);
    status.textContent = state.picked.size ? `${state.picked.size} of ${data.faces.length} selected` : data.hint;
  };
  const send = () => { draw(); setTriggerValue('picked', data.faces.map((f) => f.id).filter((id) => state.picked.has(id))); };
  const toggle = (i, range) => {
    const id = data.faces[i].id;
    if (range && state.last >= 0) {
      const on = state.picked.has(data.faces[state.last].id);
      for (let k = Math.min(i, state.last); k <= Math.max(i, state.last); k++)
        on ? state.picked.add(data.faces[k].id) : state.picked.delete(data.faces[k].id);
    } else { state.picked.has(id) ? state.picked.delete(id) : state.picked.add(id); }
    state.last = i;
    send();
  };
  const sprite = `url(${spriteUrl(data.src)})`;
  const percent = (k, n) => n > 1 ? `${(k / (n - 1)) * 100}%` : '0';
  const rows = Math.ceil(data.faces.length / data.columns);
  const peek = parentElement.querySelector('.peek'), peekFace = document.createElement('div'), peekWords = document.createElement('span');
  peek.replaceChildren(peekFace, peekWords);
  peek.hidden = true;
  let resting = 0;
  const hide = () => { clearTimeout(resting); peek.hidden = true; };
  const show = (button, words) => {
    for (const name of ['backgroundImage', 'backgroundSize', 'backgroundPosition']) peekFace.style[name] = button.style[name];
    peekWords.textContent = words;
    peek.hidden = false;
    const at = button.getBoundingClientRect(), room = peek.getBoundingClientRect();
    const right = at.right + 8 + room.width < innerWidth;
    peek.style.left = `${right ? at.right + 8 : at.left - 8 - room.width}px`;
    peek.style.top = `${Math.max(4, Math.min(at.top, innerHeight - room.height - 4))}px`;
  };
  root.onpointerleave = hide;
  const cells = data.faces.map((face, i) => {
    const words = [face.caption, face.detail].filter(Boolean).join(' · ');
    const cell = document.createElement('div');
    cell.className = `cell ${face.frame}`;
    cell.dataset.id = face.id;
    const button = document.createElement('button');
    button.type = 'button'; button.className = 'face'; button.dataset.id = face.id;
    button.setAttribute('aria-label', `face ${i + 1}, ${words}`);
    if (face.frame === 'selected') button.setAttribute('aria-current', 'true');
    button.style.backgroundImage = sprite;
    button.style.backgroundSize = `${data.columns * 100}% ${rows * 100}%`;
    button.style.backgroundPosition = `${percent(i % data.columns, data.columns)} ${percent(Math.floor(i / data.columns), rows)}`;
    button.onclick = (e) => (e.shiftKey || e.ctrlKey || e.metaKey) ? toggle(i, e.shiftKey) : setTriggerValue('clicked', face.id);
    button.onpointerenter = (e) => { hide(); if (e.pointerType === 'mouse') resting = setTimeout(show, 150, button, words); };
    const tick = document.createElement('button');
    tick.type = 'button'; tick.className = 'tick'; tick.textContent = '\u2713';
    tick.setAttribute('role', 'checkbox');
    tick.setAttribute('aria-label', `select face ${i + 1}`);
    tick.onclick = (e) => toggle(i, e.shiftKey);
    cell.lastTick = tick;
    cell.append(button);
    if (data.pickable) cell.append(tick);
    if (data.words) for (const [name, text, color] of [['cap', face.caption, face.color], ['sub', face.detail, '']]) {
      const line = document.createElement('div');
      line.className = name;
      if (color) { const dot = document.createElement('span'); dot.className = 'dot'; dot.style.background = color; line.append(dot); }
      line.append(text || '\u00a0');
      cell.append(line);
    }
    root.append(cell);
    return cell;
  });
  if (data.pickable) {
    for (const [words, all] of [['Select page', true], ['Clear selection', false]]) {
      const button = document.createElement('button');
      button.type = 'button'; button.textContent = words;
      button.onclick = () => { state.picked = new Set(all ? data.faces.map((f) => f.id) : []); state.last = -1; send(); };
      bar.append(button);
    }
    bar.append(status);
  } else { bar.style.display = 'none'; }
  draw();
  const open = root.querySelector('.selected');
  if (open && open.dataset.id !== state.open) open.scrollIntoView({ block: 'nearest' });
  state.open = open?.dataset.id;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.list');
  root.replaceChildren();
  root.setAttribute('aria-label', data.label);
  const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
  for (const face of data.faces) {
    const button = make('button', face.number === data.current ? 'on' : '');
    button.type = 'button';
    button.dataset.face = face.number;
    button.setAttribute('aria-pressed', String(face.number === data.current));
    button.setAttribute('aria-label', `Face ${face.number}: ${face.answer}, ${face.chip}`);
    const image = make('img');
    image.src = face.src; image.alt = `Face ${face.number}`;
    const words = make('div');
    const head = make('div', 'head');
    head.append(make('span', '', `${face.number} · ${face.answer}`), make('span', `chip ${face.sure ? 'good' : 'warn'}`, `${face.sure ? '✓' : '!'} ${face.chip}`));
    const bars = make('div', 'bars');
    for (const [name, p, color] of face.bars) {
      const bar = make('span', 'bar'), fill = make('i');
      fill.style.width = `${Math.max(p * 100, 0.5)}%`; fill.style.background = color;
      bar.append(fill);
      bars.append(make('span', '', name), bar, make('span', 'num', p.toFixed(2).replace(/^0/, '')));
    }
    words.append(head, bars);
    button.append(image, words);
    button.onclick = () => setTriggerValue('chosen', face.number);
    root.append(button);
  }
}

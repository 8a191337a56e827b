export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.scroll');
  const table = document.createElement('table');
  table.setAttribute('aria-label', data.label);
  const head = table.createTHead().insertRow();
  const cell = (row, tag, text, cls) => { const e = document.createElement(tag); e.textContent = text; if (cls) e.className = cls; row.append(e); return e; };
  cell(head, 'th', 'label \\ answer', 'row corner');
  for (const name of data.names) cell(head, 'th', name).scope = 'col';
  const body = table.createTBody();
  data.cells.forEach((line, i) => {
    const row = body.insertRow();
    cell(row, 'th', data.names[i], 'row').scope = 'row';
    line.forEach(([text, strength, tone, tip], j) => {
      const td = row.insertCell(), b = document.createElement('button');
      b.type = 'button'; b.textContent = text; b.title = tip; b.setAttribute('aria-label', tip);
      b.dataset.cell = `${data.names[i]}|${data.names[j]}`;
      const hue = { plain: 'var(--st-primary-color)', good: '#2B8A3E', bad: '#E03131' }[tone];
      b.style.background = `color-mix(in srgb, ${hue} ${Math.round(strength * 52)}%, transparent)`;
      if (data.current && data.current[0] === i && data.current[1] === j) { b.className = 'on'; b.setAttribute('aria-pressed', 'true'); }
      b.onclick = () => setTriggerValue('cell', `${i},${j}`);
      td.append(b);
    });
  });
  root.replaceChildren(table);
}

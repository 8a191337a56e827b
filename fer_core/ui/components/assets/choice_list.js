export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.list');
  root.replaceChildren();
  root.setAttribute('aria-label', data.label);
  for (const row of data.rows) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = (row.id === data.current ? 'on ' : '') + (row.muted ? 'muted' : '');
    if (row.id === data.current) button.setAttribute('aria-current', 'true');
    button.dataset.id = row.id;
    const label = document.createElement('span');
    label.textContent = row.label;
    const value = document.createElement('span');
    value.className = 'value';
    value.textContent = row.value;
    button.append(label, value);
    button.onclick = () => setTriggerValue('chosen', row.id);
    if (!row.actions.length && row.share < 0) { root.append(button); continue; }
    const line = document.createElement('div');
    line.className = 'row';
    line.append(button);
    for (const [id, sign, name] of row.actions) {
      const act = document.createElement('button');
      act.type = 'button';
      act.className = 'act';
      act.textContent = sign;
      act.title = name;
      act.setAttribute('aria-label', `${name}: ${row.label}`);
      act.onclick = () => setTriggerValue('acted', `${id} ${row.id}`);
      line.append(act);
    }
    if (row.share >= 0) {
      const bar = document.createElement('div');
      bar.className = 'bar';
      bar.innerHTML = `<i style="width:${Math.min(row.share, 1) * 100}%"></i>`;
      line.append(bar);
    }
    root.append(line);
  }
}

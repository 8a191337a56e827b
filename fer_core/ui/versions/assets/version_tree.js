export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('ol');
  root.replaceChildren();
  root.setAttribute('aria-label', data.label);
  const line = (name, words) => { const e = document.createElement('div'); e.className = name; e.textContent = words; return e; };
  for (const row of data.rows) {
    const item = document.createElement('li'), button = document.createElement('button');
    button.type = 'button';
    button.dataset.id = row.id;
    button.title = row.title;
    button.setAttribute('aria-pressed', String(row.selected));
    button.innerHTML = row.rail;
    const text = document.createElement('div'), what = line('what', ''), number = document.createElement('b');
    text.style.minWidth = '0';
    number.textContent = row.number;
    what.append(number, row.words);
    for (const word of row.badges) {
      const badge = document.createElement('span');
      badge.className = 'badge';
      badge.textContent = word;
      what.append(badge);
    }
    text.append(what, line('more', row.more));
    const how = document.createElement('div');
    how.className = 'how';
    how.append(row.images, line('more', row.when));
    button.append(text, how);
    button.onclick = () => setTriggerValue('clicked', row.id);
    item.append(button);
    root.append(item);
  }
}

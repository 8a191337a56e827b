export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.ranges');
  const held = root.getRootNode().activeElement?.dataset?.which;
  root.replaceChildren();
  const number = (x) => Number(x.toPrecision(3)).toLocaleString('en');
  for (const one of data.filters) {
    const last = one.counts.length, total = one.counts.reduce((a, b) => a + b, 0), top = Math.max(1, ...one.counts);
    const box = document.createElement('div'), head = document.createElement('div'), bars = document.createElement('div');
    const foot = document.createElement('div'), two = document.createElement('div');
    const title = document.createElement('b'), count = document.createElement('span'), from = document.createElement('span'), to = document.createElement('span');
    box.className = 'range'; bars.className = 'bars'; two.className = 'two';
    title.textContent = title.title = one.title;
    count.setAttribute('aria-live', 'polite');
    head.append(title, count); foot.append(from, to);
    for (const n of one.counts) {
      const bar = document.createElement('i');
      bar.style.height = `${n ? 2 + 36 * n / top : 0}px`;
      bars.append(bar);
    }
    const ends = ['from', 'to'].map((word, k) => {
      const input = document.createElement('input');
      Object.assign(input, { type: 'range', min: 0, max: last, step: 1, value: k ? one.high : one.low });
      input.dataset.which = `${one.name} ${word}`;
      input.setAttribute('aria-label', `${one.title}, ${word}`);
      two.append(input);
      return input;
    });
    const draw = () => {
      const [a, b] = ends.map((e) => Number(e.value));
      let passed = 0;
      one.counts.forEach((n, i) => { const on = i >= a && i < b; bars.children[i].classList.toggle('on', on); passed += on ? n : 0; });
      count.textContent = a > 0 || b < last ? `${passed.toLocaleString('en')} of ${total.toLocaleString('en')}` : total.toLocaleString('en');
      from.textContent = number(one.edges[a]); to.textContent = number(one.edges[b]);
      ends.forEach((e) => e.setAttribute('aria-valuetext', number(one.edges[Number(e.value)])));
    };
    ends.forEach((input, k) => {
      input.oninput = () => {
        const other = Number(ends[1 - k].value);
        input.value = k ? Math.max(Number(input.value), other + 1) : Math.min(Number(input.value), other - 1);
        draw();
      };
      input.onchange = () => {
        const [a, b] = ends.map((e) => Number(e.value));
        setTriggerValue('range', [one.name, a > 0 ? one.edges[a] : null, b < last ? one.edges[b] : null]);
      };
    });
    draw();
    box.append(head, bars, two, foot);
    root.append(box);
    if (held) ends.find((e) => e.dataset.which === held)?.focus();
  }
}

export default function ({ data, parentElement }) {
  const peek = parentElement.querySelector('.peek'), face = document.createElement('div'), words = document.createElement('span');
  peek.replaceChildren(face, words);
  peek.hidden = true;
  const percent = (k, n) => n > 1 ? `${(k / (n - 1)) * 100}%` : '0';
  const tile = data.columns ** 2, count = data.count;
  const show = (event) => {
    const number = event.points[0]?.customdata;
    if (number === undefined || !(number in data.places)) return;
    const place = data.places[number], which = Math.floor(place / tile), at = place % tile;
    const rows = Math.ceil(Math.min(tile, count - which * tile) / data.columns);
    face.style.backgroundImage = `url(${data.urls[which]})`;
    face.style.backgroundSize = `${data.columns * 100}% ${rows * 100}%`;
    face.style.backgroundPosition = `${percent(at % data.columns, data.columns)} ${percent(Math.floor(at / data.columns), rows)}`;
    words.textContent = data.known[data.words[number]];
    peek.hidden = false;
    const { clientX: x, clientY: y } = event.event, box = peek.getBoundingClientRect();
    peek.style.left = `${x + 18 + box.width < innerWidth ? x + 18 : x - 18 - box.width}px`;
    peek.style.top = `${Math.max(4, Math.min(y - box.height / 2, innerHeight - box.height - 4))}px`;
  };
  let waiting = 0;
  const attach = () => {
    const plot = document.querySelector(`.${CSS.escape(data.chart)} .js-plotly-plot`);
    if (!plot?.on) { waiting = setTimeout(attach, 100); return; }
    plot.ferPeek = { show, hide: () => { peek.hidden = true; } };
    if (plot.ferPeeks) return;
    plot.ferPeeks = true;
    plot.on('plotly_hover', (event) => plot.ferPeek.show(event));
    plot.on('plotly_unhover', () => plot.ferPeek.hide());
  };
  attach();
  return () => clearTimeout(waiting);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.sheet');
  root.replaceChildren();
  root.style.setProperty('--sprite', `url(${spriteUrl(data.src)})`);
  root.style.gridTemplateColumns = `repeat(auto-fill, ${data.size}px)`;
  root.setAttribute('aria-label', data.label);
  data.faces.forEach((face, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = face.frame;
    button.style.width = `${data.size}px`;
    button.setAttribute('aria-label', [face.caption, face.detail].filter(Boolean).join(', ') || `face ${i + 1}`);
    button.title = [face.caption, face.detail].filter(Boolean).join(' · ');
    if (face.frame === 'selected') button.setAttribute('aria-pressed', 'true');
    button.dataset.id = face.id;
    button.disabled = !data.clickable;
    const pic = document.createElement('div');
    pic.className = 'pic';
    pic.style.width = pic.style.height = `${data.size}px`;
    pic.style.backgroundSize = `${data.columns * data.size}px auto`;
    pic.style.backgroundPosition = `-${(i % data.columns) * data.size}px -${Math.floor(i / data.columns) * data.size}px`;
    button.append(pic);
    for (const [name, text] of [['cap', face.caption], ['sub', face.detail]]) {
      if (!text || !data.words) continue;
      const line = document.createElement('div');
      line.className = name;
      line.textContent = text;
      button.append(line);
    }
    button.onclick = () => setTriggerValue('clicked', face.id);
    root.append(button);
  });
}

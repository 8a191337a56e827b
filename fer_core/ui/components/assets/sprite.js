/* A short address for a sheet of faces: as a data URL, every face on it would carry the whole sheet in its style. */
const spriteUrl = (src) => {
  const known = window.__ferSprites ??= new Map();
  if (!known.has(src)) {
    const [head, body] = src.split(',');
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
    known.set(src, URL.createObjectURL(new Blob([bytes], { type: head.slice(5, head.indexOf(';')) })));
    const [oldest] = known.keys();
    if (known.size > 60) { URL.revokeObjectURL(known.get(oldest)); known.delete(oldest); }
  }
  return known.get(src);
};

let seen = 0;
export default function ({ data }) {
  if (!data.token || data.token === seen) return;
  seen = data.token;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  document.querySelector(data.target)?.scrollIntoView({ block: 'start', behavior: still ? 'auto' : 'smooth' });
}

// Streamlit adds an entry to the browser's history for every parameter that a page writes to its address. In here one run of
// the page adds one entry at most, and the address that a page gives itself on arrival replaces the bare one: Back leads to
// what was seen, in one step.
let run = 0, added = -1;

function once() {
  if (window.ferAddress) return;
  window.ferAddress = true;
  const app = document.querySelector('[data-testid="stApp"]');
  const state = 'data-test-script-state';
  if (app) {
    new MutationObserver(() => { if (app.getAttribute(state) === 'notRunning') run += 1; })
      .observe(app, { attributes: true, attributeFilter: [state] });
  }
  const push = history.pushState.bind(history);
  history.pushState = (data, title, url) => {
    const bare = !location.search && new URL(url, location.href).pathname === location.pathname;
    if (added === run || bare) { history.replaceState(data, title, url); return; }
    added = run;
    push(data, title, url);
  };
}

export default function () { once(); }

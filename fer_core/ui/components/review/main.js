// Where nothing is decided: only what is still to be saved.
class QuietView {
  constructor(desk) { this.desk = desk; desk.root.classList.add('quietly'); }
  keys() { return {}; }
  help() { return []; }
  undone() {}
  decided() {}
  show() { this.after(); }
  after() { this.desk.root.classList.toggle('gone', !this.desk.outbox.size); }
}

// Streamlit calls this whenever the server says something new; the desk lives on in between.
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector('.review');
  const desk = root.fer || (root.fer = new Desk(root));
  desk.tell = (message) => setStateValue('message', message);
  desk.receive(data);
  return () => setTimeout(() => { if (!root.isConnected) desk.stop(); });
}

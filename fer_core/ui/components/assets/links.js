export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.fer-links');
  root.innerHTML = data.markup;
  for (const button of root.querySelectorAll('[data-go]'))
    button.onclick = () => setTriggerValue('go', button.dataset.go);
}

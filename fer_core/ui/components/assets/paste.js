export default function ({ data }) {
  const paste = (event) => {
    const files = [...(event.clipboardData?.files || [])].filter((file) => file.type.startsWith('image/'));
    const input = document.querySelector(`.st-key-${data.uploader} input[type="file"]`);
    if (!files.length || !input) return;
    event.preventDefault();
    const box = new DataTransfer();
    const stamp = new Date().toTimeString().slice(0, 8).replaceAll(':', '');
    files.forEach((file, i) => {
      const name = `pasted-${stamp}-${i + 1}.${file.type.split('/')[1]}`;
      box.items.add(new File([file], name, { type: file.type }));
    });
    input.files = box.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  };
  document.addEventListener('paste', paste);
  return () => document.removeEventListener('paste', paste);
}

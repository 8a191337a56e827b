"""Pictures pasted anywhere on the page go to its file uploader, which takes no paste of its own (Streamlit 1.67)."""

from __future__ import annotations

import streamlit as st

_JS = """
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
"""

_listener = st.components.v2.component("fer_paste", html="<span></span>", js=_JS)


def into(uploader: str) -> None:
    """Hand pasted pictures to the `st.file_uploader` with this key."""
    _listener(key=f"paste-{uploader}", data={"uploader": uploader}, height=1)

"""The strip of what goes on now: the disk, the queue, the version."""

from __future__ import annotations

import streamlit as st

from fer_core.base.workspace import Workspace
from fer_core.ui.components import markup
from fer_core.ui.shell import page
from fer_core.upkeep import health


def card(workspace: Workspace) -> None:
    """Version, whether the disk takes what is written, and whether the queue goes on."""
    found = health.check(workspace)
    disk = (
        markup.chip("good", "writable")
        if found.writable
        else markup.chip("bad", "cannot be written", found.trouble)
    )
    queue = markup.chip("good", "goes on") if found.advancing else markup.chip("bad", "stands still")
    free = "free space not known" if found.free_bytes is None else f"{found.free_bytes / 1e9:,.1f} GB free"
    page.numbers(
        [
            (disk, f"the disk, {free}; a small file took {found.write_ms:,.0f} ms"),
            (queue, f"the queue: {markup.plural(found.working, 'run')} at work, {found.waiting:,} waiting"),
            (found.version, "version of the app"),
        ]
    )
    if found.trouble:
        st.html(f'<p class="fer-muted">{markup.esc(found.trouble)}: what is there can be looked at.</p>')

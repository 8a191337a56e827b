"""Workspace health: what of the files is damaged or gone, what that harms, and what can be done."""

from fer_core.base.workspace import current
from fer_core.ui.doctor import findings, state
from fer_core.ui.shell import page

page.title(
    "Workspace health", "Is every file as it was written? What is damaged, what that harms, and what helps."
)
workspace = current()
state.card(workspace)
findings.card(workspace)

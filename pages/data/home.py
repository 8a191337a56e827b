"""Where a dataset stands between import and a model in use, and the one thing to do next."""

import streamlit as st

from fer_core.ui.home import story, way
from fer_core.ui.shell import page

scope = page.open_page("Home", "Where this set stands, and the one thing to do next.")
found = way.known(scope)
way.next_action(found)
way.steps(found)
left, right = st.columns([2, 1], gap="medium")
with left:
    story.versions(scope, found)
with right:
    story.looks(scope)
    story.whole(scope)

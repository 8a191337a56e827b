"""FER Workbench: the entry point. Start it with `make app` or `streamlit run streamlit_app.py`."""

import logging
from pathlib import Path

import streamlit as st

from fer_core.ui import live, page, style

HOUSE = {
    "Data": [
        ("pages/data/explore.py", "Explore", "home", ":material/grid_view:"),
        ("pages/data/duplicates.py", "Duplicates", "duplicates", ":material/content_copy:"),
        ("pages/data/mislabels.py", "Wrong labels", "mislabels", ":material/label_off:"),
        ("pages/data/stratify.py", "Stratify", "stratify", ":material/call_split:"),
    ],
    "Models": [
        ("pages/models/train.py", "Train", "train", ":material/model_training:"),
        ("pages/models/compare.py", "Compare", "compare", ":material/leaderboard:"),
    ],
    "Demo": [("pages/demo/try_it.py", "Try it", "try_it", ":material/photo_camera:")],
}


def failed(error: Exception) -> bool:
    """Words instead of a traceback, also for callbacks and fragments; the log keeps the details."""
    logging.getLogger("fer").exception("page failed", exc_info=error)
    page.explain(error)
    return True


def first() -> None:
    """The first page by its own name: Streamlit gives it the bare address alone, and people type what they read."""
    st.switch_page(HOUSE["Data"][0][0], query_params=st.query_params.to_dict())


app = st.App(Path(__file__).name, on_script_error=failed)

# The server imports this file once to find `app`, and so learns the pages before the first visit; without that, a
# deep link as the very first visit would show a false "Page not found". Each visit then runs it as the main script.
visited = __name__ == "__main__"
if not visited:  # nobody watches yet: no warnings about that
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
else:
    st.set_page_config(page_title="FER Workbench", page_icon=style.ICON, layout="wide")
    style.apply()
house = {
    section: [
        st.Page(path, title=title, url_path=url, icon=icon, default=url == "home")
        for path, title, url, icon in rooms
    ]
    for section, rooms in HOUSE.items()
}
house["Data"].append(st.Page(first, title="Explore", url_path="explore", visibility="hidden"))
navigation = st.navigation(house, expanded=True)
if visited:
    live.sidebar()
    navigation.run()

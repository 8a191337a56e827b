"""FER Workbench: the entry point. Start it with `make app` or `streamlit run streamlit_app.py`."""

import logging
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from fer_core.ui.components import style
from fer_core.ui.shell import http_guard, job_progress, page

HOUSE = {
    "": [("pages/data/home.py", "Home", "home", ":material/home:")],
    "Data": [
        ("pages/data/explore.py", "Explore", "explore", ":material/grid_view:"),
        ("pages/data/duplicates.py", "Duplicates", "duplicates", ":material/content_copy:"),
        ("pages/data/mislabels.py", "Wrong labels", "mislabels", ":material/label_off:"),
        ("pages/data/stratify.py", "Stratify", "stratify", ":material/call_split:"),
    ],
    "Models": [
        ("pages/models/train.py", "Train", "train", ":material/model_training:"),
        ("pages/models/compare.py", "Compare", "compare", ":material/leaderboard:"),
    ],
    "Demo": [("pages/demo/predict.py", "Try it", "predict", ":material/photo_camera:")],
    "Keep": [("pages/keep/doctor.py", "Workspace health", "doctor", ":material/health_and_safety:")],
}
FORMER = [("pages/demo/predict.py", "Try it", "try_it")]


def failed(error: Exception) -> bool:
    """Words instead of a traceback, also for callbacks and fragments; the log and a crash report keep the details."""
    page.note_fault(error)
    page.show_error(error)
    return True


def redirect(path: str) -> Callable[[], None]:
    """A page that leads to another one: people type what they read, and addresses of before go on working."""
    return lambda: st.switch_page(path, query_params=st.query_params.to_dict())


app = st.App(Path(__file__).name, middleware=http_guard.MIDDLEWARE, on_script_error=failed)
# The server imports this file once and learns the pages, for deep links; each visit runs it as the main script.
visited = __name__ == "__main__"
if not visited:  # nobody watches yet: no warnings about that
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
else:
    st.set_page_config(page_title="FER Workbench", page_icon=style.ICON, layout="wide")
    style.apply()
house = {
    section: [st.Page(p, title=t, url_path=u, icon=i, default=u == "home") for p, t, u, i in rooms]
    for section, rooms in HOUSE.items()
}
house["Data"] += [st.Page(redirect(p), title=t, url_path=u, visibility="hidden") for p, t, u in FORMER]
navigation = st.navigation(house, expanded=True)
if visited:
    job_progress.sidebar()
    page.foot([room for rooms in house.values() for room in rooms])
    page.visit(navigation)

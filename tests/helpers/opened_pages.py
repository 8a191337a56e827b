"""Pages opened as a visitor does, without a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
TRAIN, COMPARE = "pages/models/train.py", "pages/models/compare.py"


def opened(page: str, query: Mapping[str, str] | None = None, **state: object) -> AppTest:
    """A page with a state of the visit, underscores for the dashes of its keys; it must have raised nothing."""
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page(page)
    for name, text in (query or {}).items():
        app.query_params[name] = text
    for key, value in state.items():
        app.session_state[key.replace("_", "-")] = value
    app.run()
    assert not app.exception
    return app


def html_of(app: AppTest) -> str:
    """All its HTML."""
    return " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))

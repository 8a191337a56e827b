"""Workspace health: a damaged file is found, named and mended from the page, and nothing else is touched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from waiting import until

from fer_core import jobs
from fer_core.base.atomic import write_json
from fer_core.base.workspace import Workspace, now
from fer_core.data.sample.make import make_sample
from fer_core.jobs.tasks import Doctor

ROOT = Path(__file__).resolve().parents[2]


def words(app: AppTest) -> str:
    return " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))


def press(app: AppTest, workspace: Workspace, key: str) -> AppTest:
    """Press a button that starts the doctor, and come back when it has ended."""
    app.button(key=key).click().run()

    def ended() -> bool:
        last = jobs.latest(workspace, Doctor)
        return last is not None and last.state not in ("running",)

    until(ended)
    app.run()
    assert not app.exception, app.exception
    return app


def a_look_that_ended(workspace: Workspace, state: str) -> None:
    """One that found nothing out."""
    folder = workspace.jobs / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-aaaa"
    write_json(
        folder / "job.json", {"title": "", "kind": "doctor", "parameters": {"mend": False}, "created": now()}
    )
    write_json(folder / "result.json", {"state": state})


def test_a_damaged_file_is_found_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    dataset = make_sample(Workspace(tmp_path), count=120)
    about = dataset.folder / "versions" / dataset.head / "version.json"
    about.write_text(about.read_text()[:40])
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/keep/doctor.py")
    app.run()
    assert not app.exception, app.exception
    assert "Nobody has looked yet" in words(app)
    press(app, dataset.workspace, "doctor-look")
    assert "version.json" in words(app)
    assert "1 file damaged or gone" in words(app)
    assert "what it was made from is not known" in words(app)
    a_look_that_ended(dataset.workspace, "stopped")
    app.run()
    assert "was stopped before its end" in words(app)  # and hides nothing
    assert "1 file damaged or gone" in words(app)
    press(app, dataset.workspace, "doctor-mend")
    assert "Made again from its manifest" in words(app)
    assert "nothing damaged" in words(app)
    assert dataset.version(None).operation == "recovered"

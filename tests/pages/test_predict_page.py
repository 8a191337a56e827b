"""Try it: the model that ships answers without any training; everything else is one tab away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tiny_models import light_weights, save_light, save_linear

from fer_core.base.workspace import Workspace
from fer_core.inference import corrections, model_registry

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/demo/predict.py"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(model_registry, "_HERE", tmp_path / "nowhere")
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    return Workspace(tmp_path)


@pytest.fixture
def shipped(workspace: Workspace) -> Workspace:
    (workspace.models / "shipped").mkdir(parents=True)
    save_light(workspace.models / "shipped" / "model.onnx", threshold=0.9)
    (workspace.models / "shipped" / "card.md").write_text("# A card")
    return workspace


def visit(**state: object) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page(PAGE)
    for key, value in state.items():
        app.session_state[key.replace("_", "-")] = value
    return app.run()


def words(app: AppTest) -> str:
    return " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html")) + " ".join(
        m.value for m in app.markdown
    )


def test_without_any_model_it_says_what_to_do(workspace: Workspace) -> None:
    app = visit()
    assert not app.exception
    assert "No model yet" in words(app)


def test_a_fresh_install_answers_without_training(shipped: Workspace) -> None:
    app = visit()
    assert not app.exception
    assert "Nothing to read yet" in words(app)
    app = app.button(key="try-show-example").click().run()
    assert not app.exception
    assert "3</b><span>faces found" in words(app)
    assert "What mattered (occlusion)" in words(app)
    assert "drawn-faces.png" in words(app)
    assert ".90</b><span>below this: uncertain" in words(app)
    assert not list(shipped.data.rglob("*")) if shipped.data.exists() else True


def test_a_wrong_answer_is_kept_only_with_consent(shipped: Workspace) -> None:
    app = visit(try_example=True)
    keep = next(b for b in app.button if b.label == "Keep this face")
    assert keep.disabled
    assert corrections.counts(shipped) == {}
    next(c for c in app.checkbox if c.label == corrections.CONSENT).check().run()
    next(s for s in app.pills if s.label == "It shows").set_value("fear").run()
    app = next(b for b in app.button if b.label == "Keep this face").click().run()
    assert not app.exception
    assert corrections.counts(shipped) == {"fear": 1}
    assert "kept as fear" in words(app)


@pytest.mark.parametrize("tab", ["Camera", "Live", "Race", "Report card"])
def test_every_tab_draws(shipped: Workspace, tab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(shipped.models / "shipped" / "model.onnx", shipped.root / "second.onnx")
    model_registry.add_model(shipped, "second.onnx", (shipped.root / "second.onnx").read_bytes())
    monkeypatch.setattr("fer_core.ui.predict.live_video.installed", lambda: False)
    app = visit(try_example=True, try_next_tab=tab)
    assert not app.exception
    expected = {
        "Camera": "faces found",
        "Live": "Live video is an optional extra",
        "Race": "through 2 models",
        "Report card": "Show happy",
    }
    assert expected[tab] in words(app)
    if tab == "Live":
        assert "requirements-live.txt" in app.code[0].value


def test_a_model_file_that_does_not_say_what_it_is_is_asked_about(workspace: Workspace) -> None:
    folder = model_registry.added_folder(workspace)
    folder.mkdir(parents=True)
    save_linear(folder / "mine.onnx", light_weights())
    app = visit()
    assert not app.exception
    assert "does not say what its answers mean" in words(app)
    next(t for t in app.text_input if t.label.startswith("Emotions")).input("happy, sad")
    app = next(b for b in app.button if b.label == "Use it").click().run()
    assert "2 classes are named" in app.error[0].value
    next(t for t in app.text_input if t.label.startswith("Emotions")).input("happy, sad, neutral")
    app = next(b for b in app.button if b.label == "Use it").click().run()
    assert not app.exception
    assert "3</b><span>emotions" in words(app)

"""Model files of others: what would burn a core or all memory ends a worker, and what is no probability is not believed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from tiny_models import METADATA, light_weights, save_light, save_linear

from fer_core.base.errors import ModelFileError
from fer_core.base.workspace import Workspace
from fer_core.inference import isolated, model_registry
from fer_core.inference.isolated import IsolatedSession
from fer_core.inference.predictor import Predictor

CROPS = np.random.default_rng(0).integers(0, 256, (70, 48, 48), dtype=np.uint8)


def hostile(path: Path, kind: str) -> Path:
    """A classifier of a few hundred bytes with a loop of 2^62 steps, or one that wants 4 GiB."""
    scalar = lambda name, value: numpy_helper.from_array(np.array(value), name)  # noqa: E731
    one = lambda name, kind: helper.make_tensor_value_info(name, kind, [])  # noqa: E731
    if kind == "loop":
        body = helper.make_graph(
            [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["x", "one"], ["y"])],
            "body",
            [one("i", TensorProto.INT64), one("go", TensorProto.BOOL), one("x", TensorProto.FLOAT)],
            [one("go_on", TensorProto.BOOL), one("y", TensorProto.FLOAT)],
            [scalar("one", np.float32(1))],
        )  # fmt: skip
        nodes = [
            helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
            helper.make_node("Loop", ["steps", "true", "mean"], ["extra"], body=body),
        ]
    else:
        nodes = [
            helper.make_node("ConstantOfShape", ["size"], ["much"]),
            helper.make_node("ReduceMean", ["much"], ["extra"], keepdims=0),
        ]
    nodes += [
        helper.make_node("ReduceMean", ["pixels"], ["m"], axes=[1, 2], keepdims=0),
        helper.make_node("Add", ["m", "extra"], ["wide"]),
        helper.make_node("Concat", ["wide", "wide"], ["two"], axis=1),
        helper.make_node("Softmax", ["two"], ["out"], axis=1),
    ]
    graph = helper.make_graph(
        nodes, kind,
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 48, 48, 1])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 2])],
        [scalar("steps", np.int64(2**62)), scalar("true", True), numpy_helper.from_array(np.array([1 << 30], np.int64), "size")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"fer": json.dumps({**METADATA, "classes": ["happy", "sad"]})})
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, path)
    return path


def test_a_file_of_others_answers_as_it_does_in_this_process(tmp_path: Path) -> None:
    path = save_light(tmp_path / "m.onnx")
    theirs, ours = Predictor.load(path, isolated=True), Predictor.load(path)
    assert np.allclose(theirs.predict(CROPS), ours.predict(CROPS), atol=1e-6)
    fixed = save_linear(tmp_path / "f.onnx", light_weights(), metadata=METADATA, batch=4)
    assert np.allclose(Predictor.load(fixed, isolated=True).predict(CROPS), ours.predict(CROPS), atol=1e-6)


def test_an_endless_model_is_stopped_and_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "_LIMIT_S", 2.0)
    workspace = Workspace(tmp_path)
    hostile(workspace.models / "files" / "endless.onnx", "loop")
    before = os.times()
    with pytest.raises(
        ModelFileError, match=r"longer than 2 s and was stopped.*put aside as endless\.onnx\.put-aside"
    ):
        model_registry.open_model(model_registry.find(workspace, "endless").path)
    assert "endless" not in [model.name for model in model_registry.models(workspace)]
    time.sleep(0.2)
    assert os.times().user - before.user < 3.0  # nothing of it ran here


def test_a_model_that_wants_all_memory_gets_words(tmp_path: Path) -> None:
    path = hostile(tmp_path / "models" / "files" / "greedy.onnx", "memory")
    with pytest.raises(ModelFileError, match=r"greedy\.onnx .*(bad_alloc|[Ff]ailed to allocate memory)"):
        model_registry.open_model(path)
    assert path.is_file()


def workers() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "fer_core.inference.isolated" in one.cmdline()]


def shelf(folder: Path) -> Path:
    path = folder / "models" / "files" / "m.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_light(path)


def test_a_worker_that_died_is_started_once_more_and_no_file_moves(tmp_path: Path) -> None:
    before = {one.pid for one in workers()}
    path = shelf(tmp_path)
    model = Predictor.load(path, isolated=True)
    said = model.predict(CROPS[:3])
    (worker,) = (one for one in workers() if one.pid not in before)
    assert os.getsid(worker.pid) != os.getsid(0)  # no Ctrl-C reaches it
    worker.terminate()
    worker.wait(5)
    assert np.allclose(model.predict(CROPS[:3]), said, atol=1e-6)
    assert os.listdir(path.parent) == ["m.onnx"]
    (worker,) = (one for one in workers() if one.pid not in before)
    worker.kill()
    save_linear(tmp_path / "new.onnx", -light_weights(), metadata=METADATA).replace(path)
    with pytest.raises(ModelFileError, match="has changed"):
        model.predict(CROPS[:3])
    assert os.listdir(path.parent) == ["m.onnx"]


class Timed:
    """A worker that takes so many seconds for a picture, by a clock of its own."""

    def __init__(self, session: IsolatedSession, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.clock, self.seconds, self.sizes = 0.0, seconds, list[int]()
        monkeypatch.setattr(session, "_worker", self)
        monkeypatch.setattr(time, "monotonic", lambda: self.clock)

    def ask(self, question: object, batch: np.ndarray, *, limit_s: float) -> tuple[object, np.ndarray]:
        self.sizes.append(len(batch))
        self.clock += self.seconds * len(batch)
        if self.seconds * len(batch) > limit_s:
            raise TimeoutError
        return {}, batch.reshape(len(batch), -1)[:, :3]


@pytest.mark.parametrize(
    ("seconds", "sizes"), [(0.01, [1, 2, 4, 8, 16, 32, 7]), (0.95, None), (29, [1] * 70)]
)
def test_slow_models_are_asked_for_few_pictures_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, sizes: list[int] | None
) -> None:
    session = IsolatedSession(shelf(tmp_path))
    timed = Timed(session, monkeypatch, seconds)
    (found,) = session.run(["out"], {"pixels": CROPS})
    assert np.array_equal(found, CROPS.reshape(70, -1)[:, :3])
    assert sum(timed.sizes) == 70
    assert max(timed.sizes) <= max(1, 4 / seconds)
    if sizes:
        assert timed.sizes == sizes


def test_only_a_file_that_was_stopped_over_one_picture_moves_and_only_if_it_is_still_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shelf(tmp_path)
    session = IsolatedSession(path)
    Timed(session, monkeypatch, 31)
    content = path.read_bytes()
    path.rename(path.with_name("m.onnx.put-aside"))
    save_linear(path, -light_weights())
    with pytest.raises(ModelFileError, match=r"longer than 30 s.*FER_MODEL_SECONDS"):
        session.run(["out"], {"pixels": CROPS[:1]})
    assert path.with_name("m.onnx.put-aside").read_bytes() == content
    assert path.read_bytes() != content


def test_text_for_an_answer_is_refused_in_words(tmp_path: Path) -> None:
    names = numpy_helper.from_array(np.array(["happy", "sad"], dtype=object), "names")
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["pixels"], ["top"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Cast", ["top"], ["row"], to=TensorProto.INT64),
            helper.make_node("Gather", ["names", "row"], ["out"]),
        ],
        "text",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 48, 48, 1])],
        [helper.make_tensor_value_info("out", TensorProto.STRING, ["n"])],
        [names],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"fer": json.dumps({**METADATA, "classes": ["happy", "sad"]})})
    save(model, tmp_path / "text.onnx")
    with pytest.raises(ModelFileError, match="answers with text or lists, not one number per class"):
        Predictor.load(tmp_path / "text.onnx", isolated=True)


def test_what_lies_among_files_of_ours_elsewhere_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    before = {one.pid for one in workers()}
    for place, ours in {
        "home/models/runs/0001-a": True,
        "home/models/shipped": True,
        "downloads/shipped": False,
        "downloads/run": False,
    }.items():
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
        opened = model_registry.open_model(save_light(folder / "model.onnx"))
        assert ({one.pid for one in workers()} <= before) == ours, place
        del opened


@pytest.mark.parametrize(
    ("bias", "softmax", "words"),
    [
        ([np.nan, 0, 0], True, "no numbers"),
        ([120.6, 0, 0], False, r"no probabilities.*sum 120\.6.*logits"),
        ([-0.5, 1.0, 0.5], False, r"no probabilities.*lowest -0\.5"),
    ],
)
def test_answers_that_are_no_probabilities_are_not_believed(
    tmp_path: Path, bias: list[float], softmax: bool, words: str
) -> None:
    path = save_linear(
        tmp_path / "m.onnx", light_weights() * 0, bias=np.array(bias), metadata=METADATA, softmax=softmax
    )
    with pytest.raises(ModelFileError, match=words):
        model_registry.open_model(path)
    if not softmax:
        told = model_registry.open_model(path, {**METADATA, "output": "logits"}).predict(CROPS)
        assert np.allclose(told.sum(axis=1), 1)


def test_what_was_said_of_a_file_is_not_said_of_another_of_its_name(tmp_path: Path) -> None:
    path = save_linear(tmp_path / "m.onnx", light_weights())
    model_registry.write_metadata(path, METADATA)
    assert model_registry.open_model(path).classes == ("happy", "sad", "neutral")
    save_linear(path, light_weights(strength=5.0))
    assert model_registry.missing_metadata(path) is not None  # asked again
    with pytest.raises(ModelFileError, match="does not say which classes"):
        model_registry.open_model(path)

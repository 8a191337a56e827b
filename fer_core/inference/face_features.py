"""What a model sees in a face before it names it: the vector its last layer reads, with the probabilities.

reader = FeatureReader.open(path)
probabilities, features = reader.look(crops)      # float32 (n, classes), float32 (n, d)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fer_core.base.errors import ModelFileError
from fer_core.inference.onnx_file import cpu_session
from fer_core.inference.predictor import DEFAULT_BATCH, Predictor

_LINEAR = ("MatMul", "Gemm")


class FeatureReader(Predictor):
    """A model that also tells what its last layer is given. Safe to share between threads; use `open`."""

    _tensor: str

    @classmethod
    def open(cls, model: Path, threads: int | None = None) -> FeatureReader:
        """Open an ONNX file whose answer comes from one linear layer.

        Raises:
            ModelFileError: as `Predictor.load`, or a graph without such a layer.
        """
        import onnx  # takes a moment, and only this needs it

        whole = Predictor.load(model, threads=threads)
        proto = onnx.load(whole.path)
        linear = [node for node in proto.graph.node if node.op_type in _LINEAR]
        if not linear:
            raise ModelFileError(
                f"{whole.path.name} has no linear layer whose input could describe a face",
                received=", ".join(sorted({node.op_type for node in proto.graph.node})) or "no nodes",
            )
        tensor = str(linear[-1].input[0])
        proto.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
        reader = cls(
            cpu_session(proto.SerializeToString(), threads), whole._graph, whole.metadata, whole.path
        )
        reader._tensor = tensor
        return reader

    def look(self, pixels: np.ndarray, *, mirror: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and features of face crops.

        Args:
            pixels: as `predict`.
            mirror: look at the crops mirrored left to right.

        Returns:
            float32 (n, classes), rows sum to 1; float32 (n, d).
        """
        batch = self.prepare(pixels)
        batch = batch[:, :, ::-1] if mirror else batch
        asked = (
            batch if len(batch) else np.zeros((1, *batch.shape[1:]), batch.dtype)
        )  # a black face tells the widths
        parts = [self._run(asked[i : i + DEFAULT_BATCH]) for i in range(0, len(asked), DEFAULT_BATCH)]
        both = np.concatenate(parts)[: len(batch)]
        count = len(self.classes)
        return self._calibrated(both[:, :count]).astype(np.float32), both[:, count:].astype(np.float32)

    def _run_step(self, part: np.ndarray, step: int) -> np.ndarray:
        missing = step - len(part)
        if missing:
            part = np.concatenate([part, np.zeros((missing, *part.shape[1:]), dtype=part.dtype)])
        answers, features = self._session.run([self._graph.output, self._tensor], {self._graph.input: part})
        flat = np.asarray(features).reshape(len(part), -1)
        return np.hstack([np.asarray(answers), flat])[: step - missing]

    def _probabilities(self, batch: np.ndarray, flip: bool) -> np.ndarray:
        first, _ = self.look(batch)
        return (first + self.look(batch, mirror=True)[0]) / 2 if flip else first

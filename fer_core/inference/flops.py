"""How much arithmetic one picture costs, counted in the exported graph.

>>> from fer_core.inference.flops import count_flops
>>> count_flops(Path("models/runs/0041-compact/model.onnx"))     # doctest: +SKIP
118_403_328
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.base.errors import ModelFileError

if TYPE_CHECKING:
    import onnx

_COUNTED = ("Conv", "FusedConv", "ConvTranspose", "Gemm", "MatMul")


def count_flops(path: Path) -> int:
    """Floating-point operations of one picture: 2 per multiply-add of every convolution and matrix product.

    Normalisation, activation and pooling are left out, as is usual; they are below a few percent in these networks.

    Raises:
        ModelFileError: not an ONNX file, or its shapes cannot be told.
    """
    import onnx  # a third of a second, and no page needs it to be drawn

    try:
        model = onnx.load(path)
        _fix_batch(model)
        graph = onnx.shape_inference.infer_shapes(model, strict_mode=False).graph
    except Exception as error:  # protobuf's and onnx's errors share no base class
        raise ModelFileError(
            f"{path.name} is not an ONNX model that can be counted", received=type(error).__name__
        ) from error
    shapes = {value.name: _shape(value) for value in (*graph.input, *graph.output, *graph.value_info)}
    shapes |= {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    return 2 * sum(_multiply_adds(node, shapes, path) for node in graph.node if node.op_type in _COUNTED)


def _fix_batch(model: onnx.ModelProto) -> None:
    """One picture: every size the graph leaves open in front is 1."""
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        if len(dims):
            dims[0].dim_value = 1


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)


def _multiply_adds(node: Any, shapes: dict[str, tuple[int, ...]], path: Path) -> int:
    first, second = (shapes.get(name, ()) for name in node.input[:2])
    out = shapes.get(node.output[0], ())
    if node.op_type == "ConvTranspose":
        out = first
    if not second or not out or not all(out):
        raise ModelFileError(f"The shapes of {path.name} cannot be told", received=node.name or node.op_type)
    if node.op_type == "Gemm":
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        return prod(out) * second[1 if transposed else 0]
    if node.op_type == "MatMul":
        return prod(out) * second[-2 if len(second) > 1 else 0]
    return prod(out) * prod(
        second[1:]
    )  # weights (out, in / groups, h, w); of a transpose (in, out / groups, h, w)

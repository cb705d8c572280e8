"""Writes a network as ncnn's two files: `.param`, lines of text, and `.bin`, the weights in the same order.

A line is: kind, name, numbers of inputs and outputs, their names, then `number=value` for each parameter; an array's
number is written as -23300 minus it, and its length comes first. A value that goes to several layers passes a `Split`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from restoration.checkpoints.ncnn import FLOAT16
from restoration.errors import FormatError
from restoration.runtimes.ncnn_layers import Layer, Parameter, layer_for, shape_of
from restoration.runtimes.onnx import INPUTS, OUTPUT
from restoration.runtimes.traced import layer_of, traced

_MAGIC = "7767517"
_ARRAY = -23300
_FLOAT32 = bytes(4)
"""What stands before weights that are not compressed."""

_FLOAT16 = FLOAT16.to_bytes(4, "little")
"""What stands before weights in float16, which end at a multiple of 4 bytes."""


def write(network: nn.Module, examples: Sequence[Tensor], path: Path, *, halved: bool = False) -> None:
    """Writes `path` (`.param`) and the `.bin` beside it, its kernels in float16 where `halved`.

    Raises FormatError naming a layer that ncnn lacks.
    """
    file = _File(traced(network, examples), halved=halved)
    path.write_text(file.text(), encoding="utf-8")
    path.with_suffix(".bin").write_bytes(b"".join(file.weights))


class _File:
    """The lines and the weights, grown operator by operator."""

    def __init__(self, program: ExportedProgram, *, halved: bool) -> None:
        self.halved = halved
        self.layers: list[tuple[str, list[str], str, Mapping[int, Parameter]]] = []
        self.weights: list[bytes] = []
        self.blobs: dict[fx.Node, str] = {}
        self.constants = _constants(program)
        names = iter(INPUTS)
        for node in program.graph.nodes:
            if node.op == "placeholder" and node.name not in self.constants:
                channels, height, width = shape_of(node)[1:]
                fixed: dict[int, Parameter] = {0: width, 1: height} if height == width == 1 else {}
                self._add("Input", [], next(names), {**fixed, 2: channels})
                self.blobs[node] = self.layers[-1][2]
            elif node.op == "call_function":
                self._operator(node)
            elif node.op == "output":
                (result,) = node.args[0]
                self.result = self.blobs[result]

    def text(self) -> str:
        """The `.param` file."""
        lines = list(_with_splits([*self.layers, ("Noop", [self.result], OUTPUT, {})]))
        blobs = sum(int(line.split()[3]) for line in lines)
        return "\n".join([_MAGIC, f"{len(lines)} {blobs}", *lines, ""])

    def _operator(self, node: fx.Node) -> None:
        operator = str(node.target).removeprefix("aten.")
        given = self._arguments(node)
        found = self._spread(given, node) if operator == "expand.default" else layer_for(operator, given, node)
        if found is None:
            raise FormatError(f"ncnn: no layer for {node.target} as layer {layer_of(node)} uses it")
        if isinstance(found, fx.Node):
            self.blobs[node] = self.blobs[found]
            return
        inputs = [self._blob(value) for value in found.inputs]
        self._add(found.kind, inputs, node.name, found.parameters, found.weights)
        self.blobs[node] = node.name

    def _arguments(self, node: fx.Node) -> dict[str, Any]:
        """The operator's arguments by name, defaults filled in, constants in place of the nodes that stand for them."""
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            raise FormatError(f"ncnn: no layer for {node.target} of layer {layer_of(node)}")
        given = {
            argument.name: node.args[place]
            if place < len(node.args)
            else node.kwargs.get(argument.name, argument.default_value)
            for place, argument in enumerate(schema.arguments)
        }
        return {name: self._value(value) for name, value in given.items()}

    def _value(self, value: object) -> object:
        if isinstance(value, list | tuple):
            return [self._value(part) for part in value]
        return self.constants.get(value.name, value) if isinstance(value, fx.Node) else value

    def _spread(self, given: Mapping[str, Any], node: fx.Node) -> Layer | fx.Node | None:
        """A number spread over a map: added to a convolution with weights of zero, which has the image's size."""
        source, target = given["self"], shape_of(node)
        if shape_of(source) == target and isinstance(source, fx.Node):
            return source
        alike = [found for found in self.blobs if shape_of(found)[-2:] == target[-2:] and len(shape_of(found)) == 4]  # noqa: PLR2004 - (N, C, H, W)
        if len(target) != 4 or not alike or shape_of(source)[-2:] != (1, 1):  # noqa: PLR2004 - the same
            return None
        kernel, name = torch.zeros(target[1], shape_of(alike[-1])[1]), f"{node.name}_zeros"
        parameters: dict[int, Parameter] = {0: target[1], 1: 1, 5: 0, 6: kernel.numel()}
        self._add("Convolution", [self._blob(alike[-1])], name, parameters, [(kernel, True)])
        return Layer("BinaryOp", [name, source], {0: 0})

    def _blob(self, value: object) -> str:
        """What a value is called; a constant becomes a layer of its own."""
        if isinstance(value, str):
            return value
        if isinstance(value, fx.Node):
            return self.blobs[value]
        if not isinstance(value, Tensor) or value.ndim > 4 or (value.ndim == 4 and value.shape[0] != 1):  # noqa: PLR2004 - one image
            raise FormatError(f"ncnn: cannot hold the constant {value!r:.80}")
        sides = [1, 1, 1, *value.shape][-3:]
        name = f"constant_{len(self.layers)}"
        self._add("MemoryData", [], name, {0: sides[2], 1: sides[1], 2: sides[0]}, [(value, False)])
        return name

    def _add(
        self,
        kind: str,
        inputs: list[str],
        name: str,
        parameters: Mapping[int, Parameter],
        weights: Sequence[tuple[Tensor, bool]] = (),
    ) -> None:
        self.layers.append((kind, inputs, name, parameters))
        for tensor, tagged in weights:
            values = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
            if tagged and self.halved:
                content = values.astype("<f2").tobytes()
                self.weights.append(_FLOAT16 + content + bytes(-len(content) % 4))
            else:
                self.weights.append((_FLOAT32 if tagged else b"") + values.astype("<f4").tobytes())


def _constants(program: ExportedProgram) -> dict[str, Tensor]:
    """The weights by the name of the placeholder that stands for them."""
    signature = program.graph_signature
    places = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    held = {name: program.state_dict.get(key, program.constants.get(key)) for name, key in places.items()}
    lifted = {name: program.constants[key] for name, key in signature.inputs_to_lifted_tensor_constants.items()}
    return {name: tensor for name, tensor in {**held, **lifted}.items() if isinstance(tensor, Tensor)}


def _with_splits(layers: Sequence[tuple[str, list[str], str, Mapping[int, Parameter]]]) -> list[str]:
    """The lines; behind each value that several layers use, a Split with a copy for each of them."""
    uses = Counter(name for _, inputs, _, _ in layers for name in inputs)
    taken: Counter[str] = Counter()
    lines = []
    for kind, inputs, name, parameters in layers:
        own = []
        for blob in inputs:
            own.append(f"{blob}.{taken[blob]}" if uses[blob] > 1 else blob)
            taken[blob] += 1
        written = [_written(number, value) for number, value in parameters.items()]
        lines.append(" ".join([kind, name, str(len(own)), "1", *own, name, *written]))
        if uses[name] > 1:
            copies = [f"{name}.{index}" for index in range(uses[name])]
            lines.append(" ".join(["Split", f"{name}.split", "1", str(len(copies)), name, *copies]))
    return lines


def _written(number: int, value: Parameter) -> str:
    if isinstance(value, int | float):
        return f"{number}={value:.9e}" if isinstance(value, float) else f"{number}={value}"
    return f"{_ARRAY - number}={','.join(map(str, [len(value), *value]))}"

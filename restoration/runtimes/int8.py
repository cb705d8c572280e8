"""A network whose convolutions compute in 8 bits, as an ONNX graph: static quantisation, calibrated on pictures.

Every convolution but the first takes maps of 8 bits, in one range for all channels, and kernels of 7 bits, with a scale
for each output channel. Processors without an instruction for sums of 8-bit products add them in pairs of 16 bits,
which kernels of 8 bits overflow: the network would not be the same everywhere. What rounding the kernels adds to
the mean of each output channel is taken off its bias (Nagel et al. 2019, 1906.04721): without that the image changes
its brightness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Size, Tensor, nn
from torch.nn import functional

from restoration.errors import FormatError
from restoration.method import Setup
from restoration.runtimes import onnx
from restoration.runtimes.calibration import pictures
from restoration.runtimes.torch import folded

_KERNEL_PEAK = 63
"""The largest value of a kernel: 2 products of it with 255 are below 2^15."""

_OUTLIERS = 1e-4
"""The share of the values at each end of a range that is left out of it, and cut to it."""

_MOST_VALUES = 200_000
"""Of one map that its range is taken from."""


@dataclass
class Seen:
    """What went into a convolution and came out, over all pictures."""

    low: float = 0.0
    high: float = 0.0
    out_low: float = 0.0
    out_high: float = 0.0
    mean: Tensor | float = 0.0
    """Of each input channel."""
    calls: int = 0

    def add(self, maps: Tensor, output: Tensor) -> None:
        """Counts one call."""
        low, high = _range(maps)
        out_low, out_high = _range(output)
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.out_low, self.out_high = min(self.out_low, out_low), max(self.out_high, out_high)
        self.mean = (self.mean * self.calls + maps.mean((0, 2, 3))) / (self.calls + 1)
        self.calls += 1


@dataclass(frozen=True)
class Layer:
    """A convolution in 8 bits."""

    seen: Seen
    kernel: Tensor
    """int8, from -63 to 63."""
    scale: Tensor
    """Of each output channel: the kernel's unit."""


@dataclass(frozen=True)
class Quantised:
    """A network with its ranges; `network` computes in floats what the graphs compute in 8 bits."""

    network: nn.Module
    layers: Mapping[str, Layer]
    """By the name of the kernel."""

    def graph(self, shape: Size) -> bytes:
        """The network for images of this shape as an ONNX graph."""
        return _in_eight_bits(onnx.graph(self.network, shape), self.layers)

    def free_graph(self, examples: Sequence[Tensor]) -> bytes:
        """The network for images of any height and width."""
        return _in_eight_bits(onnx.free_graph(self.network, examples), self.layers)


def quantised(network: nn.Module, calls: Sequence[Sequence[Tensor]]) -> Quantised:
    """`network` in 8 bits, in the ranges that its maps have when it is called with each of `calls`.

    Raises FormatError where it has no convolution behind its first one.
    """
    whole = folded(network)
    seen = _watched(whole, calls)
    inner = dict(list(seen.items())[1:])
    if not inner:
        raise FormatError(f"int8: {type(network).__name__} has no two convolutions, and the first stays in float32")
    modules = dict(whole.named_modules())
    return Quantised(whole, {_kernel_of(name): _rounded(modules[name], found) for name, found in inner.items()})


def graph_in(network: nn.Module, setup: Setup) -> Callable[[Size], bytes]:
    """Shape of a batch -> the network as an ONNX graph that computes in the setup's dtype, and takes and gives float32.

    Raises FormatError for a network that cannot be put into int8.
    """
    if setup.dtype == "int8":
        return quantised(network, [[picture] for picture in pictures(setup)]).graph
    inner = network if setup.dtype == "float32" else Narrow(network, setup.torch_dtype)
    return lambda shape: onnx.graph(inner, shape)


class Narrow(nn.Module):
    """A copy of a network that computes in another dtype than the float32 that it takes and gives."""

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.network = folded(network).to(dtype)
        self.dtype = dtype

    def forward(self, degraded: Tensor, sigma: Tensor | None = None) -> Tensor:
        """The restored batch in float32; exporters take no arguments whose number is open."""
        arrays = (degraded,) if sigma is None else (degraded, sigma)
        return self.network(*(array.to(self.dtype) for array in arrays)).float()  # type: ignore[no-any-return]  # a module's call is Any


def _watched(network: nn.Module, calls: Sequence[Sequence[Tensor]]) -> dict[str, Seen]:
    """What each convolution saw, in the order in which they are called."""
    found: dict[str, Seen] = {}

    def watch(name: str, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if inputs[0].ndim == 4:  # noqa: PLR2004 - (N, C, H, W)
            found.setdefault(name, Seen()).add(inputs[0], output)

    hooks = [
        module.register_forward_hook(lambda _, inputs, output, name=name: watch(name, inputs, output))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    try:
        with torch.inference_mode():
            for arrays in calls:
                network(*arrays)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _rounded(convolution: Any, seen: Seen) -> Layer:
    """Rounds the kernel of a convolution in place and takes the mean error off its bias."""
    with torch.no_grad():
        before = convolution.weight.clone()
        scale = before.abs().amax((1, 2, 3)).clamp(min=torch.finfo(torch.float32).tiny) / _KERNEL_PEAK
        whole = (before / scale.reshape(-1, 1, 1, 1)).round().clamp(-_KERNEL_PEAK, _KERNEL_PEAK)
        convolution.weight.copy_(whole * scale.reshape(-1, 1, 1, 1))
        flat = torch.as_tensor(seen.mean).reshape(1, -1, 1, 1).expand(1, -1, *convolution.kernel_size)
        error = functional.conv2d(flat, convolution.weight - before, groups=convolution.groups).flatten()
        bias = -error if convolution.bias is None else convolution.bias - error
        convolution.bias = nn.Parameter(bias, requires_grad=False)
    return Layer(seen, whole.to(torch.int8), scale)


def _in_eight_bits(graph: bytes, layers: Mapping[str, Layer]) -> bytes:
    """An ONNX graph with the convolutions of `layers` between QuantizeLinear and DequantizeLinear."""
    package = onnx.installed("onnx")
    model = package.ModelProto.FromString(graph)
    surgery = _Surgery(package, model.graph, layers)
    nodes = [changed for node in list(model.graph.node) for changed in surgery.changed(node)]
    if not surgery.touched:
        raise FormatError("int8: none of the network's convolutions is one in the ONNX graph")
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    surgery.drop_unused()
    content: bytes = model.SerializeToString()
    return content


class _Surgery:
    """Node by node in the graph's order; remembers what has been put into 8 bits."""

    def __init__(self, package: Any, graph: Any, layers: Mapping[str, Layer]) -> None:
        self.package, self.graph, self.layers = package, graph, layers
        self.kept = {output.name for output in graph.output}
        self.takers: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self.takers.setdefault(name, []).append(node)
        self.narrow: dict[str, str] = {}
        """Maps, kernels and biases -> what they are after 8 bits."""
        self.units: dict[str, float] = {}
        self.pending: dict[str, tuple[float, float]] = {}
        """Outputs whose ranges are known and that nothing has put into 8 bits."""
        self.touched = 0

    def changed(self, node: Any) -> Iterator[Any]:
        """What stands in the place of `node`."""
        if self._is_ours(node):
            yield from self._convolution(node)
        else:
            for place, name in enumerate(node.input):
                node.input[place] = self.narrow.get(name, name)
            yield node
        yield from self._output(node)

    def _is_ours(self, node: Any) -> bool:
        return node.op_type == "Conv" and node.input[1] in self.layers

    def _convolution(self, node: Any) -> Iterator[Any]:
        maps, name, *rest = node.input
        layer = self.layers[name]
        if maps not in self.narrow:
            yield from self._maps(maps, layer.seen.low, layer.seen.high)
        unit = self.units[maps]
        if name not in self.narrow:
            yield self._constant(name, layer.kernel, layer.scale)
        node.input[0], node.input[1] = self.narrow[maps], self.narrow[name]
        if rest:
            bias, steps = self._values(rest[0]), unit * layer.scale
            key = f"{rest[0]}.{self.touched}"
            yield self._constant(key, (bias / steps).round().clamp(-(2**31) + 1, 2**31 - 1).to(torch.int32), steps)
            node.input[2] = self.narrow[key]
        self.touched += 1
        yield node
        self.pending[node.output[0]] = (layer.seen.out_low, layer.seen.out_high)

    def _output(self, node: Any) -> Iterator[Any]:
        """The output of a convolution, or of the ReLU behind it, in 8 bits where others than convolutions take it."""
        if node.op_type == "Relu" and node.input[0] in self.pending:
            self.pending[node.output[0]] = (0.0, self.pending[node.input[0]][1])
        (name, *_) = node.output
        takers = self.takers.get(name, [])
        only_relu = [taker.op_type for taker in takers] == ["Relu"]
        inside = bool(takers) and not only_relu and name not in self.kept
        if name in self.pending and inside and not all(map(self._is_ours, takers)):
            yield from self._maps(name, *self.pending[name])

    def _maps(self, name: str, low: float, high: float) -> Iterator[Any]:
        unit = max(high - low, torch.finfo(torch.float32).eps) / 255
        zero = min(255, max(0, round(-low / unit)))
        numbers = [self._stored(f"{name}_unit", torch.tensor(unit)),
                   self._stored(f"{name}_zero", torch.tensor(zero, dtype=torch.uint8))]  # fmt: skip
        make = self.package.helper.make_node
        yield make("QuantizeLinear", [name, *numbers], [f"{name}_narrow"], f"{name}_quantize")
        yield make("DequantizeLinear", [f"{name}_narrow", *numbers], [f"{name}_wide"], f"{name}_dequantize")
        self.narrow[name], self.units[name] = f"{name}_wide", unit

    def _constant(self, name: str, whole: Tensor, units: Tensor) -> Any:
        numbers = [self._stored(f"{name}_whole", whole), self._stored(f"{name}_unit", units.float()),
                   self._stored(f"{name}_zero", torch.zeros_like(units, dtype=whole.dtype))]  # fmt: skip
        self.narrow[name] = f"{name}_wide"
        return self.package.helper.make_node(
            "DequantizeLinear", numbers, [f"{name}_wide"], f"{name}_dequantize", axis=0
        )

    def _stored(self, name: str, tensor: Tensor) -> str:
        array = tensor.detach().contiguous().numpy()
        self.graph.initializer.append(self.package.numpy_helper.from_array(array, name))
        return name

    def _values(self, name: str) -> Tensor:
        (found,) = [entry for entry in self.graph.initializer if entry.name == name]
        return torch.from_numpy(self.package.numpy_helper.to_array(found).copy())

    def drop_unused(self) -> None:
        """Takes out the float32 kernels that nothing takes any more."""
        used = {name for node in self.graph.node for name in node.input} | self.kept
        left = [entry for entry in self.graph.initializer if entry.name in used]
        del self.graph.initializer[:]
        self.graph.initializer.extend(left)


def _kernel_of(name: str) -> str:
    return f"{name}.weight" if name else "weight"


def _range(maps: Tensor) -> tuple[float, float]:
    """The values between which all but the outliers lie."""
    flat = maps.flatten()
    low, high = np.quantile(flat[:: 1 + flat.numel() // _MOST_VALUES].numpy(), [_OUTLIERS, 1 - _OUTLIERS])
    return float(low), float(high)

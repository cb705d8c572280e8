"""torch's operators as ncnn's layers: what each is called there, its numbered parameters and its weights.

The numbers are those of ncnn's own documentation of its layers. Images there have no axis for a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx

Parameter = int | float | Sequence[int]


@dataclass(frozen=True)
class Layer:
    """One layer: from which values, with which parameters and weights."""

    kind: str
    inputs: Sequence[object]
    """Nodes of the graph, names of what is already written, or tensors that are the same for every image."""
    parameters: Mapping[int, Parameter] = field(default_factory=dict)
    weights: Sequence[tuple[Tensor, bool]] = ()
    """Each with whether ncnn expects its storage's kind before it."""


Same = fx.Node
"""What an operator gives back unchanged."""

Given = Mapping[str, Any]
"""An operator's arguments by name: tensors that are constants as tensors, all others as nodes of the graph."""

_TO_THE_END = -233
"""How ncnn's Crop writes it."""

_LARGEST = 3.4e38


def layer_for(operator: str, given: Given, node: fx.Node) -> Layer | Same | None:
    """The layer of one operator, named as `conv2d.default`; None for one that has none."""
    make = _LAYERS.get(operator)
    return make(given, node) if make else None


def shape_of(value: object) -> tuple[int, ...]:
    """The shape of a node's value or of a constant; empty for a number."""
    found = value.meta["val"] if isinstance(value, fx.Node) else value
    return tuple(found.shape) if isinstance(found, Tensor) else ()


def _convolution(given: Given, _: fx.Node) -> Layer | None:
    kernel, bias, padding = given["weight"], given["bias"], given["padding"]
    if isinstance(padding, str) or not isinstance(kernel, Tensor):
        return None
    groups = given["groups"]
    (down, right), (height, width) = padding, kernel.shape[2:]
    parameters: dict[int, Parameter] = {
        0: kernel.shape[0], 1: width, 11: height, 2: given["dilation"][-1], 12: given["dilation"][0],
        3: given["stride"][-1], 13: given["stride"][0], 4: right, 14: down, 5: int(bias is not None),
        6: kernel.numel(),
    }  # fmt: skip
    if groups > 1:
        parameters[7] = groups
    weights = [(kernel, True), *([(bias, False)] if bias is not None else [])]
    return Layer("ConvolutionDepthWise" if groups > 1 else "Convolution", [given["input"]], parameters, weights)


def _transposed(given: Given, _: fx.Node) -> Layer | None:
    kernel, bias = given["weight"], given["bias"]
    if given["groups"] > 1 or not isinstance(kernel, Tensor):
        return None
    (down, right), (height, width), rest = given["padding"], kernel.shape[2:], given["output_padding"]
    parameters: dict[int, Parameter] = {
        0: kernel.shape[1], 1: width, 11: height, 2: given["dilation"][-1], 12: given["dilation"][0],
        3: given["stride"][-1], 13: given["stride"][0], 4: right, 14: down, 18: rest[-1], 19: rest[0],
        5: int(bias is not None), 6: kernel.numel(),
    }  # fmt: skip
    weights = [(kernel.transpose(0, 1), True), *([(bias, False)] if bias is not None else [])]
    return Layer("Deconvolution", [given["input"]], parameters, weights)


def _batch_norm(given: Given, _: fx.Node) -> Layer | None:
    mean, variance = given["running_mean"], given["running_var"]
    if not isinstance(mean, Tensor) or not isinstance(variance, Tensor):
        return None
    slope = torch.ones_like(mean) if given["weight"] is None else given["weight"]
    bias = torch.zeros_like(mean) if given["bias"] is None else given["bias"]
    weights = [(array, False) for array in (slope, mean, variance, bias)]
    return Layer("BatchNorm", [given["input"]], {0: mean.numel(), 1: given["eps"]}, weights)


def _arithmetic(operation: int) -> Callable[[Given, fx.Node], Layer | None]:
    def make(given: Given, _: fx.Node) -> Layer | None:
        first, second = given["self"], given["other"]
        if given.get("alpha", 1) != 1:
            return None
        if isinstance(second, int | float):
            return Layer("BinaryOp", [first], {0: operation, 1: 1, 2: float(second)})
        return Layer("BinaryOp", [first, second], {0: operation})

    return make


def _simple(kind: str, **named: int) -> Callable[[Given, fx.Node], Layer | None]:
    """A layer of one input whose numbered parameters are arguments: `_0="negative_slope"`."""

    def make(given: Given, _: fx.Node) -> Layer | None:
        source = given.get("self", given.get("input"))
        return Layer(kind, [source], {number: float(given[name]) for name, number in named.items()})

    return make


def _prelu(given: Given, _: fx.Node) -> Layer:
    return Layer("PReLU", [given["self"]], {0: given["weight"].numel()}, [(given["weight"], False)])


def _clamp(given: Given, _: fx.Node) -> Layer:
    low, high = given["min"], given["max"]
    limits = {0: -_LARGEST if low is None else float(low), 1: _LARGEST if high is None else float(high)}
    return Layer("Clip", [given["self"]], limits)


def _joined(given: Given, node: fx.Node) -> Layer | None:
    axis = given["dim"] % len(shape_of(node))
    return Layer("Concat", given["tensors"], {0: axis - 1}) if axis else None


def _shuffled(given: Given, _: fx.Node) -> Layer:
    return Layer("PixelShuffle", [given["self"]], {0: given["upscale_factor"]})


def _unshuffled(given: Given, _: fx.Node) -> Layer:
    return Layer("Reorg", [given["self"]], {0: given["downscale_factor"]})


def _resized(method: int) -> Callable[[Given, fx.Node], Layer | None]:
    def make(given: Given, node: fx.Node) -> Layer:
        before, after = shape_of(given["input"]), shape_of(node)
        factors = {1: after[-2] / before[-2], 2: after[-1] / before[-1]}
        return Layer("Interp", [given["input"]], {0: method, **factors, 6: int(bool(given.get("align_corners")))})

    return make


def _padded(given: Given, _: fx.Node) -> Layer | None:
    modes = {"constant": 0, "replicate": 1, "reflect": 2}
    if given["mode"] not in modes or len(given["pad"]) != 4:  # noqa: PLR2004 - left, right, top, bottom
        return None
    left, right, top, bottom = given["pad"]
    parameters = {0: top, 1: bottom, 2: left, 3: right, 4: modes[given["mode"]], 5: float(given["value"] or 0)}
    return Layer("Padding", [given["self"]], parameters)


def _cut(given: Given, node: fx.Node) -> Layer | Same | None:
    source, axis = given["self"], given["dim"] % len(shape_of(node))
    if shape_of(source) == shape_of(node):
        return source  # type: ignore[no-any-return]  # a node
    if axis == 0 or given["step"] != 1:
        return None
    side = shape_of(source)[axis]
    end = side if given["end"] is None else given["end"]
    last = _TO_THE_END if end >= side else end
    return Layer("Crop", [source], {9: [given["start"] or 0], 10: [last], 11: [axis - 1]})


def _mean(given: Given, node: fx.Node) -> Layer | None:
    axes = sorted(axis % len(shape_of(given["self"])) for axis in given["dim"] or ())
    if not given["keepdim"] or 0 in axes or len(shape_of(node)) != 4:  # noqa: PLR2004 - (N, C, H, W)
        return None
    return Layer("Reduction", [given["self"]], {0: 3, 1: 0, 3: [axis - 1 for axis in axes], 4: 1, 5: 1})


def _global_mean(given: Given, _: fx.Node) -> Layer | None:
    if list(given["output_size"]) != [1, 1]:
        return None
    return Layer("Reduction", [given["self"]], {0: 3, 1: 0, 3: [1, 2], 4: 1, 5: 1})


def _unchanged(given: Given, _: fx.Node) -> Same:
    return given.get("self", given.get("input"))  # type: ignore[no-any-return]  # a node


_ONE_INPUT: Mapping[str, Callable[[Given, fx.Node], Layer | Same | None]] = {
    "relu": _simple("ReLU"), "leaky_relu": _simple("ReLU", negative_slope=0), "sigmoid": _simple("Sigmoid"),
    "tanh": _simple("TanH"), "silu": _simple("Swish"), "clamp": _clamp,
}  # fmt: skip

_LAYERS: Mapping[str, Callable[[Given, fx.Node], Layer | Same | None]] = {
    **{f"{name}{end}.default": make for name, make in _ONE_INPUT.items() for end in ("", "_")},
    **{
        f"{name}{end}.Tensor": _arithmetic(number)
        for number, name in enumerate(("add", "sub", "mul", "div"))
        for end in ("", "_")
    },
    "conv2d.default": _convolution, "conv_transpose2d.input": _transposed, "batch_norm.default": _batch_norm,
    "prelu.default": _prelu, "cat.default": _joined, "pixel_shuffle.default": _shuffled,
    "pixel_unshuffle.default": _unshuffled, "upsample_nearest2d.vec": _resized(1),
    "upsample_bilinear2d.vec": _resized(2), "pad.default": _padded, "slice.Tensor": _cut, "mean.dim": _mean,
    "adaptive_avg_pool2d.default": _global_mean, "alias.default": _unchanged, "clone.default": _unchanged,
    "contiguous.default": _unchanged, "dropout.default": _unchanged,
}  # fmt: skip

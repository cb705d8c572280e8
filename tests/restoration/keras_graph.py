"""Runs a TensorFlow.js layers model as its graph says, layer by layer: what a network of this package is compared with.

It shares nothing with the package: the file is read here, and no module is built. Float64 throughout.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d

BETA = 0.2
"""What the layer MultiplyBeta multiplies by: the package's own script says so, not the file."""


def run(path: Path, image: Tensor) -> Tensor:
    """What the model in `path` makes of `image` (N, C, H, W)."""
    model = json.loads(path.read_text())
    held = _weights(model["weightsManifest"], path.parent)
    topology = model["modelTopology"]
    config = topology.get("model_config", topology)["config"]
    return graph(config["layers"], held, image.double())[config["output_layers"][0][0]]


def graph(layers: Sequence[Mapping[str, Any]], held: Mapping[str, Tensor], image: Tensor) -> dict[str, Tensor]:
    """Every layer's output by its name; `layers` may stand in any order."""
    values: dict[str, Tensor] = {}
    while waiting := [layer for layer in layers if layer["config"]["name"] not in values]:
        for layer in waiting:
            names = [source[0] for node in layer["inbound_nodes"] for source in node]
            if all(name in values for name in names):
                given = [values[name] for name in names] or [image]
                values[layer["config"]["name"]] = LAYERS[layer["class_name"].rstrip("x1234")](layer, held, given)
    return values


def _weights(groups: Sequence[Mapping[str, Any]], folder: Path) -> dict[str, Tensor]:
    found = {}
    for group in groups:
        stream, offset = b"".join((folder / name).read_bytes() for name in group["paths"]), 0
        for entry in group["weights"]:
            packed = entry.get("quantization", {"dtype": entry["dtype"], "scale": 1.0, "min": 0.0})
            values = np.frombuffer(stream, packed["dtype"], math.prod(entry["shape"]), offset)
            offset += values.nbytes
            values = values.reshape(entry["shape"]).astype(np.float64) * packed["scale"] + packed["min"]
            found[entry["name"]] = torch.from_numpy(values)
    return found


def _convolution(layer: Mapping[str, Any], held: Mapping[str, Tensor], given: list[Tensor]) -> Tensor:
    config = layer["config"]
    assert config["activation"] == "linear"
    kernel = held[f"{config['name']}/kernel"].permute(3, 2, 0, 1)  # (out, in, height, width)
    return conv2d(given[0], kernel, held[f"{config['name']}/bias"], padding=kernel.shape[-1] // 2)


def _activation(layer: Mapping[str, Any], _: Mapping[str, Tensor], given: list[Tensor]) -> Tensor:
    assert layer["config"]["activation"] == "relu"
    return given[0].clamp(min=0)


def _upsampled(layer: Mapping[str, Any], _: Mapping[str, Tensor], given: list[Tensor]) -> Tensor:
    down, across = layer["config"]["size"]
    return given[0].repeat_interleave(down, 2).repeat_interleave(across, 3)


def _depth_to_space(layer: Mapping[str, Any], _: Mapping[str, Tensor], given: list[Tensor]) -> Tensor:
    """The colours come last in the depth, rows and columns of the cell before them."""
    scale = layer["config"]["scale"]
    count, depth, height, width = given[0].shape
    colours = depth // scale**2
    shuffled = given[0].new_empty(count, colours, scale * height, scale * width)
    for row in range(scale):
        for column in range(scale):
            first = (row * scale + column) * colours
            shuffled[..., row::scale, column::scale] = given[0][:, first : first + colours]
    return shuffled


LAYERS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Tensor], list[Tensor]], Tensor]] = {
    "InputLayer": lambda _layer, _held, given: given[0],
    "Conv2D": _convolution,
    "Activation": _activation,
    "Concatenate": lambda _layer, _held, given: torch.cat(given, 1),
    "Add": lambda _layer, _held, given: torch.stack(given).sum(0),
    "MultiplyBeta": lambda _layer, _held, given: BETA * given[0],
    "UpSampling2D": _upsampled,
    "PixelShuffle": _depth_to_space,
}

"""Writes a network as a model file, one function for each format that other programs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from restoration.errors import FormatError
from restoration.runtimes import mnn, ncnn_file, onnx, openvino
from restoration.runtimes.int8 import Narrow, quantised


@dataclass(frozen=True)
class Model:
    """What is written."""

    network: nn.Module
    """A function of the degraded batch, or of that and sigma (1, 1, 1, 1)."""
    examples: Sequence[Tensor]
    """One of each input."""
    precision: str = "float32"
    """What the file holds; its inputs and its output are float32."""
    calls: Callable[[], Sequence[Sequence[Tensor]]] = tuple
    """What ranges of int8 are measured on: pictures, each with what else the network takes."""

    def graph(self) -> bytes:
        """As an ONNX graph, in int8 where that is wanted and else in float32."""
        if self.precision == "int8":
            return quantised(self.network, self.calls()).free_graph(self.examples)
        return onnx.free_graph(self.network, self.examples)


def written(model: Model, to: str, stem: Path) -> list[Path]:
    """Writes `stem` and the suffixes of the format `to`; the files, the one that names the model first.

    Raises FormatError naming the layer or the precision that the format does not have, and PackageMissingError.
    """
    able = PRECISIONS[to]
    if model.precision not in able:
        others = [name for name, held in PRECISIONS.items() if model.precision in held]
        elsewhere = f"; {' and '.join(others)} can hold it" if others else ""
        raise FormatError(f"{to}: is written in {' or '.join(able)}, not in {model.precision}{elsewhere}")
    return WRITERS[to](model, stem)


def _onnx(model: Model, stem: Path) -> list[Path]:
    path = Path(f"{stem}.onnx")
    halved = model.precision == "float16"
    graph = onnx.free_graph(Narrow(model.network, torch.float16), model.examples) if halved else model.graph()
    path.write_bytes(graph)
    return [path]


def _openvino(model: Model, stem: Path) -> list[Path]:
    path = Path(f"{stem}.xml")
    openvino.written(model.graph(), path, halved=model.precision == "float16")
    return [path, path.with_suffix(".bin")]


def _mnn(model: Model, stem: Path) -> list[Path]:
    path = Path(f"{stem}.mnn")
    mnn.written(model.graph(), path, halved=model.precision == "float16")
    return [path]


def _ncnn(model: Model, stem: Path) -> list[Path]:
    path = Path(f"{stem}.ncnn.param")  # OpenVINO's weights are a .bin as well
    ncnn_file.write(model.network, model.examples, path, halved=model.precision == "float16")
    return [path, path.with_suffix(".bin")]


WRITERS: Mapping[str, Callable[[Model, Path], list[Path]]] = {
    "onnx": _onnx,
    "openvino": _openvino,
    "ncnn": _ncnn,
    "mnn": _mnn,
}
"""Each takes the path without suffix."""

PRECISIONS: Mapping[str, tuple[str, ...]] = {
    "onnx": ("float32", "float16", "int8"),
    "openvino": ("float32", "float16", "int8"),
    "ncnn": ("float32", "float16"),
    "mnn": ("float32", "float16"),
}
"""What each can hold here. ncnn's and MNN's quantisers are programs of their own, which are not called."""

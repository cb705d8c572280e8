"""Writes a network as a model file, one function for each format that other programs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from restoration.runtimes import mnn, ncnn_file, onnx, openvino


def _onnx(network: nn.Module, examples: Sequence[Tensor], stem: Path) -> list[Path]:
    path = Path(f"{stem}.onnx")
    path.write_bytes(onnx.free_graph(network, examples))
    return [path]


def _openvino(network: nn.Module, examples: Sequence[Tensor], stem: Path) -> list[Path]:
    path = Path(f"{stem}.xml")
    openvino.written(onnx.free_graph(network, examples), path)
    return [path, path.with_suffix(".bin")]


def _mnn(network: nn.Module, examples: Sequence[Tensor], stem: Path) -> list[Path]:
    path = Path(f"{stem}.mnn")
    mnn.written(onnx.free_graph(network, examples), path)
    return [path]


def _ncnn(network: nn.Module, examples: Sequence[Tensor], stem: Path) -> list[Path]:
    path = Path(f"{stem}.ncnn.param")  # OpenVINO's weights are a .bin as well
    ncnn_file.write(network, examples, path)
    return [path, path.with_suffix(".bin")]


WRITERS: Mapping[str, Callable[[nn.Module, Sequence[Tensor], Path], list[Path]]] = {
    "onnx": _onnx,
    "openvino": _openvino,
    "ncnn": _ncnn,
    "mnn": _mnn,
}
"""The network, an example of each input, and the path without suffix -> the files, the one that names the model first.

The network takes the degraded batch, or that and sigma (1, 1, 1, 1). Each raises FormatError naming the layer that the
format does not have, and PackageMissingError.
"""

"""Runs networks and `.onnx` files by ONNX Runtime, on the CPU in float32, float16 or int8."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from restoration.method import Restore, Setup
from restoration.runtimes import onnx
from restoration.runtimes.int8 import graph_in
from restoration.runtimes.program import Input, Program, for_each_shape


def build(network: nn.Module, setup: Setup) -> Restore:
    """One session for each shape of image."""
    onnx.package("onnxruntime", setup, ("float32", "float16", "int8"))
    graph = graph_in(network, setup)
    return for_each_shape(lambda shape: _program(graph(shape), setup.threads))


def opened(path: Path, threads: int) -> Program:
    """The model in an `.onnx` file."""
    return _program(str(path), threads)


def _program(model: bytes | str, threads: int) -> Program:
    runtime = onnx.installed("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    ready: Any = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = tuple(
        Input(entry.name, tuple(side if isinstance(side, int) else None for side in entry.shape))
        for entry in ready.get_inputs()
    )

    def run(arrays: Sequence[torch.Tensor]) -> torch.Tensor:
        given = {entry.name: array.contiguous().numpy() for entry, array in zip(inputs, arrays, strict=True)}
        return torch.from_numpy(ready.run(None, given)[0])

    return Program(inputs, run)

"""Runs networks and `.xml` files by OpenVINO, on the CPU in float32 or bfloat16."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from restoration.method import Restore, Setup
from restoration.runtimes import onnx
from restoration.runtimes.program import Input, Program, for_each_shape


def build(network: nn.Module, setup: Setup) -> Restore:
    """One compiled model for each shape of image."""
    core = onnx.package("openvino", setup, ("float32", "bfloat16")).Core()
    return for_each_shape(
        lambda shape: _program(core, core.read_model(onnx.graph(network, shape)), setup.threads, setup.dtype)
    )


def opened(path: Path, threads: int) -> Program:
    """The model in an `.xml` file and the `.bin` beside it."""
    core = onnx.installed("openvino").Core()
    return _program(core, core.read_model(str(path)), threads, "float32")


def written(graph: bytes, path: Path) -> None:
    """Writes an ONNX graph as `path` (`.xml`) and the `.bin` beside it, in float32."""
    openvino = onnx.installed("openvino")
    openvino.save_model(openvino.Core().read_model(graph), str(path), compress_to_fp16=False)


def _program(core: Any, model: Any, threads: int, dtype: str) -> Program:
    # Left alone, it computes in bfloat16 wherever the processor can.
    hints = {
        "INFERENCE_PRECISION_HINT": "f32" if dtype == "float32" else "bf16",
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    ready: Any = core.compile_model(model, "CPU", hints)
    inputs = tuple(Input(port.get_any_name(), _shape(port)) for port in ready.inputs)

    def run(arrays: Sequence[Tensor]) -> Tensor:
        return torch.from_numpy(ready([array.contiguous().numpy() for array in arrays])[0])

    return Program(inputs, run)


def _shape(port: Any) -> tuple[int | None, ...] | None:
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return None
    return tuple(side.get_length() if side.is_static else None for side in shape)

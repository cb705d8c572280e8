"""Runs networks and `.xml` files by OpenVINO, on the CPU in float32, float16, bfloat16 or int8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from restoration.errors import OptionError
from restoration.method import Restore, Setup
from restoration.runtimes import onnx
from restoration.runtimes.int8 import graph_in
from restoration.runtimes.program import Input, Program, for_each_shape

_ABILITIES = {"float16": "FP16", "bfloat16": "BF16"}
"""What OpenVINO says of a processor with the instructions."""

_HINTS = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}


def build(network: nn.Module, setup: Setup) -> Restore:
    """One compiled model for each shape of image."""
    core = onnx.package("openvino", setup, ("float32", "float16", "bfloat16", "int8")).Core()
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if _ABILITIES.get(setup.dtype, able[0]) not in able:
        raise OptionError(
            f"runtime openvino: this processor has no instructions for {setup.dtype}, so that OpenVINO would "
            "compute in float32; use the runtime torch, which emulates it"
        )
    narrow = setup.dtype if setup.dtype in _ABILITIES else "float32"
    graph = graph_in(network, replace(setup, dtype="int8" if setup.dtype == "int8" else "float32"))
    return for_each_shape(lambda shape: _program(core, core.read_model(graph(shape)), setup.threads, narrow))


def opened(path: Path, threads: int) -> Program:
    """The model in an `.xml` file and the `.bin` beside it."""
    core = onnx.installed("openvino").Core()
    return _program(core, core.read_model(str(path)), threads, "float32")


def written(graph: bytes, path: Path, *, halved: bool = False) -> None:
    """Writes an ONNX graph as `path` (`.xml`) and the `.bin` beside it; `halved` stores its weights in float16."""
    openvino = onnx.installed("openvino")
    openvino.save_model(openvino.Core().read_model(graph), str(path), compress_to_fp16=halved)


def _program(core: Any, model: Any, threads: int, dtype: str) -> Program:
    # Left alone, it computes in bfloat16 wherever the processor can.
    hints = {
        "INFERENCE_PRECISION_HINT": _HINTS[dtype],
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

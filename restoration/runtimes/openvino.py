"""Runs a network by OpenVINO, on the CPU in float32 or bfloat16."""

from __future__ import annotations

import functools

import torch
from torch import nn

from restoration.method import Restore, Setup
from restoration.runtimes import onnx
from restoration.runtimes.torch import folded


def build(network: nn.Module, setup: Setup) -> Restore:
    """One compiled model for each shape of image."""
    core = onnx.package("openvino", setup, ("float32", "bfloat16")).Core()
    small = folded(network)
    # Left alone, it computes in bfloat16 wherever the processor can.
    hints = {
        "INFERENCE_PRECISION_HINT": "f32" if setup.dtype == "float32" else "bf16",
        "INFERENCE_NUM_THREADS": setup.threads,
        "PERFORMANCE_HINT": "LATENCY",
    }

    @functools.cache
    def compiled(shape: torch.Size) -> Restore:
        ready = core.compile_model(core.read_model(onnx.graph(small, shape)), "CPU", hints)
        return lambda image: torch.from_numpy(ready(image.numpy())[0])

    return lambda degraded: compiled(degraded.shape)(degraded.contiguous())

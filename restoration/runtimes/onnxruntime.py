"""Runs a network by ONNX Runtime, on the CPU in float32."""

from __future__ import annotations

import functools

import torch
from torch import nn

from restoration.method import Restore, Setup
from restoration.runtimes import onnx
from restoration.runtimes.torch import folded


def build(network: nn.Module, setup: Setup) -> Restore:
    """One session for each shape of image."""
    program = onnx.package("onnxruntime", setup, ("float32",))
    options = program.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = setup.threads, 1
    small = folded(network)

    @functools.cache
    def session(shape: torch.Size) -> Restore:
        content = onnx.graph(small, shape)
        ready = program.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return lambda image: torch.from_numpy(ready.run(None, {onnx.INPUT: image.numpy()})[0])

    return lambda degraded: session(degraded.shape)(degraded.contiguous())

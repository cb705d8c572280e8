"""Runs networks by OpenCV's module `dnn`, on the CPU in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from restoration.errors import FormatError
from restoration.method import Restore, Setup
from restoration.runtimes import onnx
from restoration.runtimes.program import Input, Program, for_each_shape
from restoration.runtimes.traced import first_line


def build(network: nn.Module, setup: Setup) -> Restore:
    """One net for each shape of image; the number of threads is that of the whole process."""
    cv2: Any = onnx.package("cv2", setup)

    def made(shape: torch.Size) -> Program:
        content = np.frombuffer(onnx.graph(network, shape), np.uint8)
        try:
            net = cv2.dnn.readNetFromONNX(content)
        except cv2.error as error:
            raise FormatError(f"runtime opencv: cannot read {type(network).__name__}: {first_line(error)}") from error

        def run(arrays: Sequence[Tensor]) -> Tensor:
            cv2.setNumThreads(setup.threads)
            net.setInput(arrays[0].contiguous().numpy())
            return torch.from_numpy(net.forward())

        return Program((Input(onnx.INPUTS[0], tuple(shape)),), run)

    return for_each_shape(made)

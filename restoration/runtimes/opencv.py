"""Runs networks by OpenCV's module `dnn`, on the CPU in float32."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from torch import nn

from restoration.errors import FormatError
from restoration.method import Restore, Setup
from restoration.runtimes import onnx
from restoration.runtimes.traced import first_line


def build(network: nn.Module, setup: Setup) -> Restore:
    """One net for each shape of image; the number of threads is that of the whole process."""
    cv2: Any = onnx.package("cv2", setup)

    @functools.cache
    def net(shape: torch.Size) -> Any:
        content = np.frombuffer(onnx.graph(network, shape), np.uint8)
        try:
            return cv2.dnn.readNetFromONNX(content)
        except cv2.error as error:
            raise FormatError(f"runtime opencv: cannot read {type(network).__name__}: {first_line(error)}") from error

    def restore(degraded: torch.Tensor) -> torch.Tensor:
        cv2.setNumThreads(setup.threads)
        ready = net(degraded.shape)
        ready.setInput(degraded.contiguous().numpy())
        return torch.from_numpy(ready.forward())

    return restore

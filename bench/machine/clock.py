"""The clocks: the only place in the project that asks what time it is in order to measure.

A clock is a callable without arguments that returns seconds, never decreasing, so that pytest-benchmark takes it as its
`timer`. Code that times takes its clock as an argument, and a test hands it one that it moves by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench.errors import ClockError

Clock = Callable[[], float]
"""Seconds since some fixed moment; the difference of two calls is what counts."""


class HostClock:
    """The host's monotonic clock of the highest resolution."""

    def __call__(self) -> float:
        """Seconds since some fixed moment."""
        return time.perf_counter()

    def __repr__(self) -> str:
        return "HostClock(time.perf_counter)"


class CudaClock:
    """The time on one CUDA device, read by events on its current stream.

    Each call waits until the device has done all work it got so far, and adds the time that passed on the device
    since the call before. So the difference of two calls covers the kernels launched between them and the delay of
    launching the first, and leaves out whatever the host did after the last. `cuda` is `torch.cuda` or a stand-in.
    """

    def __init__(self, device: str = "cuda", *, cuda: Any = None) -> None:
        self._cuda = _torch_cuda() if cuda is None else cuda
        if not self._cuda.is_available():
            raise ClockError(f"no CUDA clock for {device!r}: torch sees no CUDA device; use --device cpu")
        self._device = device
        self._last: Any = None
        self._seconds = 0.0

    def __call__(self) -> float:
        """Seconds that passed on the device since the first call; waits for the device."""
        with self._cuda.device(self._device):
            event = self._cuda.Event(enable_timing=True)
            self._cuda.synchronize()
            event.record()
            event.synchronize()
        if self._last is not None:
            self._seconds += self._last.elapsed_time(event) / 1000  # events count in milliseconds
        self._last = event
        return self._seconds

    def __repr__(self) -> str:
        return f"CudaClock({self._device})"


def clock_for(device: str) -> Clock:
    """The clock of `device` ("cpu", "cuda", "cuda:1"); raises `ClockError` where this machine has none."""
    if device == "cpu":
        return HostClock()
    if device.partition(":")[0] == "cuda":
        return CudaClock(device)
    raise ClockError(f"no clock for device {device!r}; expected cpu, cuda or cuda:N")


def smallest_step(clock: Clock, *, samples: int = 100) -> float:
    """The smallest difference above zero, in seconds, between neighbouring calls of `clock`."""
    steps = []
    for _ in range(samples):
        start = clock()
        while (now := clock()) <= start:
            pass
        steps.append(now - start)
    return min(steps)


def _torch_cuda() -> Any:
    import torch

    return torch.cuda

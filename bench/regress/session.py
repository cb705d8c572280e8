"""What a side answers: runs in its process, builds the cases of one revision, and times and restores on request.

The process is started with this package, the measuring code, at the front of its path, and the revision's folders
behind it. Nothing here imports `reports`: a revision may hold another one.
"""

from __future__ import annotations

import gc
import math
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import partial
from importlib.metadata import entry_points
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.machine.clock import Clock, clock_for
from bench.machine.environment import environment
from bench.machine.settings import put_back
from bench.machine.threads import fix_threads
from bench.measure.calls import Call, seconds_per_call
from bench.plan.case import Case, Reading
from bench.regress.turns import Pace
from restoration.catalog import GROUP, get
from restoration.method import Restore

CONTROL_CONVOLUTION = "control: torch convolution"
CONTROL_TRANSFORM = "control: NumPy FFT"
CONTROLS = (CONTROL_CONVOLUTION, CONTROL_TRANSFORM)

_FARTHEST = 1 << 20
"""Bytes by which inputs, and all that is allocated after them, are moved at most."""

_ONE_THREAD = 1.1
"""Processor time over wall time of one thread at most: the two clocks are read one after the other."""


class Session:
    """What one process has built so far. Each public method answers a question of `bench.regress.side`."""

    def __init__(self) -> None:
        self._ready: dict[Case, partial[Any]] = {}
        self._pads: dict[Case, NDArray[np.uint8]] = {}
        self._generator = np.random.default_rng()
        self._threads = 0
        self._case: Case | None = None
        self._settings = ExitStack()
        """Puts back what the case changed."""

    def environment(self, threads: int) -> dict[str, object]:
        """What this process's times depend on, read after the code under test was imported."""
        self._fix_threads(threads)
        return dict(environment(threads).stable)

    def origin(self, method: str) -> str:
        """The file that the method was imported from."""
        get(method)
        points = {point.name: point.module for point in entry_points(group=GROUP)}
        module = method.rpartition(":")[0] or points.get(method, "restoration")
        if module.endswith(".py"):
            from restoration.source_files import found  # a revision that has found the method by its file has it

            return str(found(module))
        return str(sys.modules[module].__file__)

    def rehearse(self, case: Case, image: NDArray[np.float32]) -> None:
        """Does once what measuring a case asks of its method: calls it twice on `image`, or has it count, too."""
        self._turn_to(case)
        with torch.inference_mode():
            run = _bound(case, image)
            for _ in range(2):
                run()
            method = get(case.method)
            for count in (method.macs_per_pixel, method.algorithms, method.parameters) if case.kind == "cost" else ():
                if count:
                    count(method.checked(case.setup()))

    def ready(self, case: Case, image: NDArray[np.float32]) -> float:
        """Builds the case and calls it on `image` (1, C, H, W) until it is warm; roughly the seconds per call."""
        self._turn_to(case)
        self._ready[case] = control(case.method) if case.method in CONTROLS else _bound(case, image)
        for _ in range(2):  # compilation, allocation, page faults
            self.seconds(case, Pace(1, 1))
        return self.seconds(case, Pace(1, 1))[0]

    def move(self, case: Case) -> None:
        """Copies the input of a case that is ready to another place in memory."""
        run = self._ready[case]
        pad = np.empty(self._generator.integers(_FARTHEST), dtype=np.uint8)
        self._ready[case] = partial(run.func, deepcopy(run.args[0]), **run.keywords)
        self._pads[case] = pad

    def seconds(self, case: Case, pace: Pace, core: int = 0) -> tuple[float, float]:
        """Seconds per call of a case that is ready: the least of `pace.samples` means over `pace.calls` calls.

        By the wall clock, and by the clock of the processor, which is not a number where it does not count: where more
        than one thread may work, or where this one waited for something. This thread starts on the core of that number
        (modulo the number of cores) and may leave it.
        """
        self._turn_to(case)
        clock, run = clock_for(case.device), self._ready[case]
        alone = case.threads == 1 and case.device == "cpu"
        with torch.inference_mode(), _without_collections():
            _go_to(core)
            samples = [_by_both_clocks(run, clock, pace.calls) for _ in range(pace.samples)]
        counts = alone and not any(math.isnan(processor) for _, processor in samples)
        return min(wall for wall, _ in samples), min(processor for _, processor in samples) if counts else math.nan

    def restored(self, case: Case, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the case makes of `image` (1, C, h, w): (1, C, H, W)."""
        self._turn_to(case)
        with torch.inference_mode():
            return np.asarray(_bound(case, image)().float().cpu(), dtype=np.float32)

    def costs(self, case: Case) -> tuple[Reading, ...]:
        """The operations of a cost case by every counter."""
        from bench.measure.counts import count

        self._turn_to(case)
        return tuple(count(get(case.method), case.setup(), height=case.height, width=case.width))

    def memory(self, case: Case) -> tuple[Reading, ...]:
        """The peak memory of a memory case."""
        from bench.measure.memory import peak_memory

        return tuple(peak_memory(case))

    def _turn_to(self, case: Case) -> None:
        """Puts back what the last case changed of the process, and sets the threads of this one.

        Not after every turn of the same case, which is so short that this would be a good part of it.
        """
        if case != self._case:
            self._settings.close()
            self._fix_threads(case.threads)
            self._settings.enter_context(put_back())
            self._case = case

    def _fix_threads(self, count: int) -> None:
        if count != self._threads:
            fix_threads(count)
            self._threads = count


@contextmanager
def _without_collections() -> Iterator[None]:
    """Without garbage collection, which would count as time of the method that runs at that moment."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _by_both_clocks(run: Call, clock: Clock, calls: int) -> tuple[float, float]:
    """Seconds per call of wall time, and of processor time where it is this thread's.

    It is not where this thread waited of its own accord, nor where the process took more processor time than passed:
    another thread worked, too, if only by waiting in a loop for more to do.
    """
    waits, begin = _waits(), time.process_time()
    wall = seconds_per_call(run, clock, calls=calls)
    processor = (time.process_time() - begin) / calls
    return wall, processor if _waits() == waits and processor <= _ONE_THREAD * wall else math.nan


def _waits() -> int:
    """How often this thread gave its core away by itself: it slept, or waited for a file or for another thread."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def _go_to(core: int) -> None:
    """Moves this thread to a core, where the system allows that, without keeping it there."""
    if hasattr(os, "sched_setaffinity"):
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {sorted(allowed)[core % len(allowed)]})
        os.sched_setaffinity(0, allowed)


def control(name: str) -> partial[Any]:
    """A computation that does not depend on the code under test, bound to its input."""
    generator = np.random.default_rng(0)
    if name == CONTROL_TRANSFORM:  # of no power of two: rows 4 KiB apart would share lines of the cache
        return partial(_there_and_back, generator.standard_normal((250, 243)))
    kernels = torch.from_numpy(generator.standard_normal((16, 16, 3, 3), dtype=np.float32))
    planes = torch.from_numpy(generator.standard_normal((1, 16, 128, 120), dtype=np.float32))
    return partial(torch.nn.functional.conv2d, planes, weight=kernels, padding=1)


def _there_and_back(image: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.fft.ifft2(np.fft.fft2(image))


def _bound(case: Case, image: NDArray[np.float32]) -> partial[torch.Tensor]:
    """The case's method, built, and bound to its input."""
    setup = case.setup()
    method = get(case.method)
    restore: Restore = method.build(method.checked(setup))
    fix_threads(case.threads)  # of what the method has just loaded, too
    return partial(restore, torch.from_numpy(image).to(device=case.device, dtype=setup.torch_dtype))

"""Peak memory of restoring one image: predicted from shapes, measured in a fresh process, and the largest that fits.

On a CPU the figure is how far resident memory grows over the built method: the degraded image, the restored one and
whatever is alive between them. On CUDA it is the allocator's own peak.
"""

from __future__ import annotations

import ctypes
import gc
import math
import os
import signal
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import Tensor

from bench.errors import BenchError, one_line
from bench.machine.environment import memory_available
from bench.machine.fresh_process import FreshProcess, ProcessDiedError, known
from bench.machine.threads import fix_threads
from bench.measure.alive import Alive
from bench.measure.inputs import batch_for
from bench.measure.operators import run
from bench.plan.case import Case, Reading
from restoration.catalog import get
from restoration.method import Restore

SAMPLED_SIDES = (96, 192, 288)
"""Sides of the square output images from which is predicted: small, and multiples of every scale."""

_LOOKS = 3
"""Calls of which the least peak counts: Python's own allocations come and go."""

_INTERVAL = 0.001  # seconds between two looks at resident memory
_MARGIN = 0.9  # of the memory that is free: the rest is for everybody else


@dataclass(frozen=True)
class Growth:
    """Peak bytes of a square image as `pixels` x side^2 + `sides` x side + `constant`."""

    pixels: float
    sides: float
    constant: float

    @classmethod
    def through(cls, peaks: tuple[float, float, float]) -> Growth:
        """The growth through the peaks at `SAMPLED_SIDES`, which are evenly spaced."""
        first, second, third = peaks
        step = SAMPLED_SIDES[0]
        pixels = (third - 2 * second + first) / (2 * step**2)
        sides = (second - first) / step - 3 * step * pixels
        return cls(pixels, sides, first - pixels * step**2 - sides * step)

    def at(self, height: int, width: int) -> float:
        """The peak for an image of `height` x `width`, taken as a square of as many pixels."""
        return self.pixels * height * width + self.sides * math.sqrt(height * width) + self.constant

    def largest_side(self, limit: float) -> int:
        """Side of the largest square image whose peak stays within `limit` bytes."""
        if self.pixels <= 0:
            raise BenchError("no forecast: the peak does not grow with the image")
        root = self.sides**2 - 4 * self.pixels * (self.constant - limit)
        return max(0, int((math.sqrt(max(root, 0)) - self.sides) / (2 * self.pixels)))


@dataclass(frozen=True)
class Peak:
    """What a fresh process found: the growth it predicts, and the peak it measured (None where it did not try)."""

    growth: Growth
    limit: float
    """Bytes that were free for this."""
    measured: float | None = None


def peak_memory(case: Case) -> Iterator[Reading]:
    """`peak_bytes` measured and predicted for `case`, and `largest_pixels`, what would fit.

    Raises `BenchError` before trying where the prediction does not fit into free memory, and where the fresh process
    fails. A CUDA case is measured in this process, by torch's own allocator.
    """
    if case.device != "cpu":
        yield from cuda_peak(case)
        return
    found = in_fresh_process(case)
    side = found.growth.largest_side(found.limit)
    predicted = found.growth.at(case.height, case.width)
    yield Reading("peak_bytes", found.measured, "B", part="measured", note="resident growth over the built method")
    yield Reading("peak_bytes", predicted, "B", part="predicted", note="from the shapes of what is alive at once")
    note = f"forecast: {side:,} x {side:,} in {in_units(found.limit)} free"
    yield Reading("largest_pixels", float(side) ** 2, "px", part="forecast", note=note)


def check_forecast(case: Case, *, limit: float | None = None, patience: float | None = None) -> tuple[Reading, ...]:
    """The largest square image forecast to fit into `limit` bytes, and half as many pixels tried: its true peak.

    `limit` is the memory free now where it is left out. `case`'s own size is ignored. `patience` is for each of the two
    steps, in seconds.
    """
    plan = in_fresh_process(replace(case, height=0, width=0), limit=limit, patience=patience)
    side = plan.growth.largest_side(plan.limit)
    step = 2 * case.scale
    half = int(side / math.sqrt(2)) // step * step
    if half < SAMPLED_SIDES[-1]:
        raise BenchError(f"{case.method}: no image worth checking fits into {in_units(plan.limit)}")
    tried = in_fresh_process(replace(case, height=half, width=half), limit=limit, patience=patience)
    note = f"checked at half as many pixels, {half:,} x {half:,}"
    return (
        Reading("largest_pixels", float(side) ** 2, "px", part="forecast", note=f"{side:,} x {side:,}"),
        Reading("peak_bytes", tried.measured, "B", part="measured", note=note),
        Reading("peak_bytes", tried.growth.at(half, half), "B", part="predicted", note=note),
    )


def in_fresh_process(case: Case, *, limit: float | None = None, patience: float | None = None) -> Peak:
    """Predicts, and measures where `case` has a size, in a Python process of its own, within `patience` seconds."""
    # Every large block straight from the system and straight back: resident memory then follows what is allocated.
    allocator = dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), "65536")
    try:
        with FreshProcess("bench.measure.memory", environment=os.environ | allocator) as process:
            found: Peak = known(process.ask("peak_here", case, limit, patience=patience), f"{case.method}: ")
    except ProcessDiedError as error:
        size = f"{case.height} x {case.width}: " if case.height else ""
        advice = "; try a smaller size" if error.ended == -signal.SIGKILL else ""
        raise ProcessDiedError(f"{case.method}: {size}{error}{advice}", error.ended, one_line(error)) from error
    return found


def predicted_growth(restore: Restore, image_of: Callable[[int], Tensor]) -> Growth:
    """How the peak grows, from what is alive at once while three small squares of `image_of(side)` are restored."""
    first, second, third = (alive_at_once(restore, image_of(side)) for side in SAMPLED_SIDES)
    return Growth.through((first, second, third))


def grown_by(call: Callable[[], object]) -> float:
    """Bytes by which resident memory grows at its peak during `call`; its result is dropped afterwards."""
    _give_back()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget earlier peaks (Linux)
    before, earlier = _resident(), _high_water()
    seen = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_INTERVAL):
            seen.append(_resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    result = call()
    seen.append(_resident())
    done.set()
    watcher.join()
    del result
    high = _high_water()
    return float(max(*seen, high if high > max(before, earlier) or earlier <= before else 0) - before)


def in_units(count: float) -> str:
    """A number of bytes with the unit that suits it: `1,000 B`, `1.5 MiB`."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    power = min(int(math.log2(max(count, 1)) / 10), len(units) - 1)
    return f"{count / 1024**power:,.2f}".rstrip("0").rstrip(".") + f" {units[power]}"


def refusal(case: Case, growth: Growth, limit: float) -> str:
    """Why `case` is not even tried, or nothing where it fits."""
    needed = growth.at(case.height, case.width)
    if needed <= limit:
        return ""
    side = growth.largest_side(limit)
    return (
        f"{case.method}: {case.height} x {case.width} needs about {in_units(needed)}, "
        f"{in_units(limit)} are free; the largest square that fits is {side} x {side}"
    )


def cuda_peak(case: Case, *, cuda: Any = None) -> Iterator[Reading]:
    """The allocator's peak above what the built method holds; raises `BenchError` where the device has too little.

    `cuda` is `torch.cuda` or a stand-in.
    """
    cuda = torch.cuda if cuda is None else cuda
    method = get(case.method)
    with torch.inference_mode(), surviving(case, cuda):
        restore = method.build(method.checked(case.setup()))
        cuda.synchronize()
        cuda.reset_peak_memory_stats()
        before = cuda.memory_allocated()
        restore(batch_for(case))
        cuda.synchronize()
        peak = cuda.max_memory_allocated() - before
    yield Reading("peak_bytes", peak, "B", part="measured", note="allocated above the built method")
    yield Reading("peak_bytes", cuda.max_memory_reserved(), "B", part="reserved", note="taken from the device in all")


@contextmanager
def surviving(case: Case, cuda: Any) -> Iterator[None]:
    """Turns the device's out-of-memory error into a `BenchError` and empties its cache: the next size can run."""
    try:
        yield
    except cuda.OutOfMemoryError as error:
        cuda.empty_cache()
        free, total = cuda.mem_get_info()
        raise BenchError(
            f"{case.method}: {case.height} x {case.width} does not fit into {case.device}: {free / 2**30:.2f} of "
            f"{total / 2**30:.2f} GiB free; try a smaller size"
        ) from error


def peak_here(case: Case, limit: float | None) -> Peak:
    """Runs in the fresh process: restores three small images and then, where it fits, the one that is asked about."""
    fix_threads(case.threads)
    method = get(case.method)
    restore = method.build(method.checked(case.setup()))
    fix_threads(case.threads)  # again: the method may have loaded a library with its own threads

    def image_of(side: int) -> Tensor:
        return batch_for(replace(case, height=side, width=side))

    run(case.method, restore, image_of(SAMPLED_SIDES[0]), scale=case.scale)
    with torch.inference_mode():
        growth = predicted_growth(restore, image_of)
        room = _MARGIN * memory_available() if limit is None else limit
        measured = None
        if case.height:
            if reason := refusal(case, growth, room):
                raise BenchError(reason)
            batch = batch_for(case)
            shape, dtype = batch.shape, batch.dtype
            del batch
            small = image_of(SAMPLED_SIDES[0])
            grown_by(lambda: restore(torch.rand(small.shape).to(dtype)))  # a rehearsal: the watcher's own memory
            measured = grown_by(lambda: restore(torch.rand(shape).to(dtype)))
    return Peak(growth, room, measured)


def alive_at_once(restore: Restore, image: Tensor) -> float:
    """The most bytes of tensors and arrays alive at once while `image` is restored, both images included.

    Steady, unlike resident memory, and blind to what a library allocates inside one operation.
    """
    restore(image)
    return min(_seen_alive(restore, image) for _ in range(_LOOKS))


def _seen_alive(restore: Restore, image: Tensor) -> float:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        with Alive() as alive:
            restored = restore(image)
        _, arrays = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    new = 0 if restored.untyped_storage().data_ptr() == image.untyped_storage().data_ptr() else restored.nbytes
    return float(image.nbytes + max(alive.peak + arrays - before, new))


def _give_back() -> None:
    """Collects garbage and returns free memory to the system, so that it does not hide growth."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


def _high_water() -> int:
    """The most that was ever resident: Linux's VmHWM, which unlike `ru_maxrss` never counts a parent's; else that."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)

"""The fast DCT denoiser for CPUs: the transforms, the thresholds and the sums in one pass over the image.

Same output as `restoration.dct.dense`, but nothing larger than a cache is stored (see `restoration.compiled.strips`
for how). Compiled by numba for each block size and rule, once per machine; the code is kept on disk (in
NUMBA_CACHE_DIR, or in the folder of the compiled modules, or in the user's cache where that is read-only).
"""

from __future__ import annotations

import math
import threading
import weakref
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restoration.compiled.butterflies import gains
from restoration.compiled.lanes import LANES, RULES
from restoration.compiled.strips import (
    SETS,
    ChosenStrip,
    Floats,
    GridStrip,
    Places,
    Tile,
    chosen_size,
    chosen_strip,
    ratios_strip,
    uniform_strip,
    weighted_strip,
)
from restoration.compiled.workers import Job, share_out
from restoration.dct.basis import check_block_size
from restoration.dct.dense import Aggregation, Rule, check_thresholds
from restoration.dct.overlap import check_grid, starts
from restoration.errors import OptionError, RangeError, ShapeError

STRIP: Final = 64
"""Rows of blocks in a strip at least; 8 blocks' height if that is more. Independent of the number of threads, so that
the order of the sums, and with it the last bit of the result, is too."""


def denoise(
    noisy: Tensor,
    thresholds: Tensor,
    *,
    stride: int = 1,
    rule: Rule = "hard",
    aggregation: Aggregation = "uniform",
    blocks: Tensor | None = None,
    threads: int | None = None,
) -> Tensor:
    """Images (N, C, H, W) whose overlapping blocks had their small DCT coefficients removed; computed in float32.

    The same as `restoration.dct.dense.denoise`, options and errors too, but without gradients. `threads` is torch's
    number of them where it is left out; the result does not depend on it. Calls from several threads are fine.
    """
    check_thresholds(thresholds)
    step = _step(thresholds, rule, aggregation, chosen=blocks is not None)
    planes = planes_of(noisy, len(thresholds), stride, blocks, thresholds)
    workers = threads or torch.get_num_threads()
    if blocks is not None:
        out = _choose(planes, step, np.ascontiguousarray(blocks.cpu().numpy(), dtype=bool), workers)
    else:
        out = _average(planes, step, Grid.of(*planes.shape[1:], len(thresholds), stride), workers)
    return torch.from_numpy(out).reshape(noisy.shape).to(noisy)


def denoise_ratios(
    noisy: Tensor, thresholds: Tensor, *, stride: int = 1, rule: Rule = "hard", threads: int | None = None
) -> Tensor:
    """Images (N, C, H, W) denoised with each of several `thresholds` (R, B, B). (R, N, C, H, W).

    The same as `denoise` with each of them, but the blocks are transformed only once for every `SETS` of them.
    """
    if thresholds.ndim != 3:  # noqa: PLR2004 - the three axes named in the message
        raise ShapeError(f"thresholds must be several squares (R, B, B), got the shape {tuple(thresholds.shape)}")
    kernel = ratios_strip(thresholds.shape[-1], _known(rule))
    for one in thresholds:
        check_thresholds(one)
    planes = planes_of(noisy, thresholds.shape[-1], stride, None, thresholds)
    grid = Grid.of(*planes.shape[1:], thresholds.shape[-1], stride)
    out = np.empty((len(planes), len(thresholds), *planes.shape[1:]), np.float32)
    tile = Tile.of(grid.order, SETS)
    work = Work(tile, tile.size)
    for first in range(0, len(thresholds), SETS):
        limits = np.concatenate([limits_of(one) for one in thresholds[first : first + SETS]])
        for plane, targets in zip(planes, out[:, first : first + SETS], strict=True):
            for strip in grid.strips():
                work.add(kernel, grid.across(strip, plane, limits), strip=strip, targets=[targets])
    work.finish(threads or torch.get_num_threads())
    images = torch.from_numpy(out).movedim(1, 0)
    return images.reshape(len(thresholds), *noisy.shape).to(noisy)


Partial = partial[GridStrip] | partial[ChosenStrip]
"""What a kernel works on, but for its scratch and its targets."""


@dataclass(frozen=True)
class Strip:
    """Rows of blocks that are worked on together."""

    rows: Places
    """Where they start."""
    stop: int
    """The first row of pixels of the next strip, or the image's height."""
    overhang: int
    """Rows of pixels from there on that this strip's blocks touch as well."""


@dataclass(frozen=True)
class Grid:
    """Where the blocks of an image start, and what each pixel's sum is multiplied by."""

    order: int
    height: int
    rows: Places
    columns: Places
    scales: tuple[Floats, Floats]
    """Per row and per column of pixels: 1 / (N x the number of blocks there)."""

    @staticmethod
    @lru_cache(maxsize=8)
    def of(height: int, width: int, order: int, stride: int = 1) -> Grid:
        """The grid of every `stride`-th block on planes (H, W), the last row and column included."""
        rows, columns = (np.array(starts(length, order, stride), np.int64) for length in (height, width))
        return Grid(order, height, rows, columns, (_scale(rows, order), _scale(columns, order)))

    def strips(self) -> Iterator[Strip]:
        """The rows of blocks, about `STRIP` rows of pixels at a time."""
        tall = max(STRIP, 8 * self.order)
        parts = np.array_split(self.rows, max(1, round(int(self.rows[-1]) / tall)))
        stops = [int(part[0]) for part in parts[1:]] + [self.height]
        for rows, stop in zip(parts, stops, strict=True):
            yield Strip(rows, stop, int(rows[-1]) + self.order - stop)

    def across(self, strip: Strip, plane: Floats, limits: Floats) -> Partial:
        """What a kernel needs for `strip` of `plane`."""
        return partial(GridStrip, plane.reshape(-1), limits, strip.rows, self.columns, strip.stop, *self.scales)


@dataclass(frozen=True)
class Work:
    """What is to be done to an image: kernels over its strips, and then the seams between those."""

    layout: Hashable
    """What the kernels keep in their scratch; calls of the same layout may find it as the last has left it."""
    size: int
    """The scratch's, in values."""
    jobs: list[Job] = field(default_factory=list)
    seams: list[tuple[Floats, Floats]] = field(default_factory=list)

    def add(self, kernel: Any, needed: Partial, *, strip: Strip, targets: Sequence[Floats]) -> None:
        """A call of `kernel` on `strip`, with each of `targets` (..., H, W) and what overhangs of it."""
        ends: list[Floats] = []
        for target in targets:
            tail = np.zeros((*target.shape[:-2], strip.overhang, target.shape[-1]), np.float32)
            self.seams.append((target[..., strip.stop : strip.stop + strip.overhang, :], tail))
            ends += target.reshape(-1), tail.reshape(-1)
        self.jobs.append(lambda: kernel(needed(_scratch(self.layout, self.size), *ends)))

    def finish(self, workers: int) -> None:
        """Does it all, and lets go of what the jobs hold: they refer to this, and would keep it until a collection."""
        share_out(self.jobs, workers)
        for shared, tail in self.seams:
            np.add(shared, tail, out=shared)
        self.jobs.clear()
        self.seams.clear()


_KEPT = threading.local()


def _scratch(layout: Hashable, size: int) -> Floats:
    """This thread's own memory for a kernel to work in, zero at first, from a cache line's boundary on."""
    kept: tuple[Hashable, Floats] | None = getattr(_KEPT, "scratch", None)
    if kept is None or kept[0] != layout:
        values = np.zeros(size + 16, np.float32)
        start = -values.ctypes.data % 64 // values.itemsize
        _KEPT.scratch = kept = (layout, values[start : start + size])
    return kept[1]


def _image(shape: tuple[int, ...]) -> Floats:
    """An array for restored images; a large one takes over the memory of the last that nothing refers to any more.

    A system that hands out its pages anew can take as long as the transform.
    """
    size = math.prod(shape)
    if size < _LARGE:
        return np.empty(shape, np.float32)
    memory = None
    with suppress(IndexError):
        memory = _SPARE.pop()
    if memory is None or memory.size != size:
        memory = np.empty(size, np.float32)
    image = memory.reshape(shape)
    weakref.finalize(image, _SPARE.append, memory).atexit = False
    return image


_LARGE: Final = 2**23
"""Pixels: 32 MiB, from where on the C library gives freed memory back at once."""

_SPARE: Final[deque[Floats]] = deque(maxlen=1)


@dataclass(frozen=True)
class Step:
    """What is done to the blocks of an image, and by which kernel."""

    kernel: Any
    tile: Tile
    limits: Floats
    """As the kernel takes them."""
    costs: Floats | None = None
    """By which blocks are weighed, as the kernel takes them; None where all weigh the same."""


def sums_of(planes: Floats, step: Step, grid: Grid, workers: int, *, guide: Floats | None = None) -> list[Floats]:
    """Of all shrunk blocks at each pixel of planes (M, H, W): their mean, or, where they have weights, two sums.

    The first is of weighted blocks, the second of the weights; both are scaled alike. `guide` is of the same shape.
    """
    more = {} if step.costs is None else {"costs": step.costs}
    sums = [_image(planes.shape)] if step.costs is None else [np.empty_like(planes), np.empty_like(planes)]
    work = Work(step.tile, step.tile.size)
    for number, (plane, *targets) in enumerate(zip(planes, *sums, strict=True)):
        guiding = {} if guide is None else {"guide": guide[number].reshape(-1)}
        for strip in grid.strips():
            needed = partial(grid.across(strip, plane, step.limits), **more, **guiding)
            work.add(step.kernel, needed, strip=strip, targets=targets)
    work.finish(workers)
    return sums


def _average(planes: Floats, step: Step, grid: Grid, workers: int) -> Floats:
    """The mean of all shrunk blocks of the grid, weighted where they have weights."""
    out, *weights = sums_of(planes, step, grid, workers)
    for weight in weights:
        np.divide(out, weight, out=out)
    return out


def _choose(planes: Floats, step: Step, mask: NDArray[np.bool_], workers: int) -> Floats:
    """The mean of the shrunk blocks that `mask` has, weighted where they have weights."""
    order = planes.shape[-1] - mask.shape[-1] + 1
    costs = np.zeros(0, np.float32) if step.costs is None else step.costs
    out, weights = np.zeros_like(planes), np.zeros_like(planes)
    work = Work(("chosen", order), chosen_size(order))
    for plane, *targets in zip(planes, out, weights, strict=True):
        for strip in Grid.of(*planes.shape[1:], order).strips():
            top, bottom = int(strip.rows[0]), int(strip.rows[-1]) + 1
            places = np.empty(np.count_nonzero(mask[top:bottom]) + LANES, np.int64)
            flat = plane.reshape(-1)
            needed = partial(ChosenStrip, flat, step.limits, mask, top, bottom, strip.stop, costs, places)
            work.add(step.kernel, needed, strip=strip, targets=targets)
    work.finish(workers)
    if uncovered := np.count_nonzero(weights == 0):
        raise RangeError(f"blocks must cover every pixel, got a mask that leaves {uncovered} uncovered")
    return np.divide(out, weights, out=out)


def _step(thresholds: Tensor, rule: Rule, aggregation: Aggregation, *, chosen: bool) -> Step:
    size = len(thresholds)
    check_block_size(size)
    if aggregation not in {"uniform", "adaptive"}:
        raise OptionError(f"aggregation must be uniform or adaptive, got {aggregation!r}")
    ones = np.ones((size, size))
    ones[0, 0] = 0
    costs = table_of(ones) if aggregation == "adaptive" else None
    kernel = chosen_strip if chosen else uniform_strip if costs is None else weighted_strip
    return Step(kernel(size, _known(rule)), Tile.of(size), limits_of(thresholds), costs)


def planes_of(noisy: Tensor, size: int, stride: int, blocks: Tensor | None, *others: Tensor) -> Floats:
    """Images (N, C, H, W) as contiguous planes (N C, H, W), checked; not copied where they are so already."""
    check_grid(noisy.shape, size, stride, blocks)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (noisy, *others)):
        raise OptionError("the fused engine has no gradients; take the dense one, or call under torch.no_grad()")
    return noisy.detach().to(torch.float32).contiguous().reshape(-1, *noisy.shape[-2:]).numpy()


def table_of(numbers: NDArray[np.float64]) -> Floats:
    """A number for each frequency [v][u] as the kernels take it: flat, [u][v]."""
    return np.ascontiguousarray(numbers.T, np.float32).reshape(-1)


def limits_of(thresholds: Tensor) -> Floats:
    """Thresholds (B, B) as the kernels take them: for unscaled coefficients, [u][v][lane]."""
    gain = np.abs(gains(len(thresholds)))
    limits = thresholds.detach().double().cpu().numpy() / np.outer(gain, gain)
    return np.repeat(limits.T.astype(np.float32), LANES)


def _scale(places: Places, order: int) -> Floats:
    """1 / (order x the number of blocks that start at `places` and reach each pixel)."""
    steps = np.zeros(int(places[-1]) + order + 1, np.int64)
    np.add.at(steps, places, 1)
    np.subtract.at(steps, places + order, 1)
    return (1 / (order * np.cumsum(steps[:-1]))).astype(np.float32)


def _known(rule: Rule) -> Rule:
    if rule not in RULES:
        raise OptionError(f"rule must be hard or soft, got {rule!r}")
    return rule

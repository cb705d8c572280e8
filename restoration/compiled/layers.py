"""Convolutions of 3x3 and of 1x1 as the compiled loops want them, and the maps that they read and write."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from restoration.compiled import pointwise, winograd
from restoration.compiled.lanes import LANES, rounded
from restoration.compiled.products import ADDED, RELU, SLOPED, VECTORS
from restoration.compiled.workers import share_out

_STRIPS_PER_THREAD: Final = 4

_ALIGNED: Final = 64
"""Bytes of a line of the cache, at which arrays begin."""


@dataclass(frozen=True)
class Maps:
    """Some neighbouring channels of maps that lie channels last in memory."""

    values: NDArray[np.float32]
    """(N, H, W, channels of all), contiguous."""
    first: int
    channels: int

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> Maps:
        """New maps (N, H, W, channels), with whatever is in memory."""
        size = math.prod(shape)
        raw = np.empty(size + _ALIGNED // 4, np.float32)
        begin = -raw.ctypes.data % _ALIGNED // 4
        return cls(raw[begin : begin + size].reshape(shape), 0, shape[-1])

    @classmethod
    def of(cls, maps: Tensor) -> Maps:
        """Those of a tensor (N, C, H, W), copied unless its channels lie last."""
        return cls(maps.detach().permute(0, 2, 3, 1).contiguous().numpy(), 0, maps.shape[1])

    def part(self, first: int, channels: int) -> Maps:
        """Some of these channels."""
        return Maps(self.values, self.first + first, channels)

    def tensor(self) -> Tensor:
        """(N, C, H, W), in the same memory."""
        return torch.from_numpy(self.values[..., self.first : self.first + self.channels]).permute(0, 3, 1, 2)

    @property
    def size(self) -> tuple[int, ...]:
        """Images, rows and columns."""
        return self.values.shape[:3]

    @property
    def pixels(self) -> int:
        """Of all images."""
        return math.prod(self.size)

    @property
    def place(self) -> tuple[NDArray[np.float32], int, int]:
        """As the compiled loops over pixels want it."""
        return self.values.reshape(-1), self.values.shape[3], self.first


@dataclass(frozen=True)
class Layer:
    """One convolution and what follows it."""

    depth: int
    """Channels in."""
    width: int
    """Channels out."""
    side: int
    """Of the kernel: 1, 3 or 5."""
    kernels: NDArray[np.float32]
    """(64 or 1, blocks, depth, vectors x LANES), flat: a block's outputs for one point, channel in after channel in."""
    bias: NDArray[np.float32]
    kind: int
    """`RELU` or `SLOPED`."""
    slopes: NDArray[np.float32]
    """Below zero, for each channel out, where the kind is `SLOPED`; 1 where nothing follows."""

    @classmethod
    def of(cls, convolution: nn.Conv2d, activation: nn.Module) -> Layer:
        """The layer of a convolution of 1x1, 3x3 or 5x5 and a ReLU, LeakyReLU, PReLU or Identity.

        The kernel is transformed in float64.
        """
        weight = convolution.weight.detach().double().numpy()  # (out, in, side, side)
        width, depth, side = weight.shape[:3]
        taps = np.ones((1, 1)) if side == 1 else winograd.taps_to_points(side)
        points = np.einsum("jy,oiyx,kx->jkio", taps, weight, taps).reshape(-1, depth, width)
        whole = np.zeros((len(points), depth, rounded(width)))
        whole[..., :width] = points
        block = VECTORS * LANES
        parts = np.split(whole, range(block, rounded(width), block), axis=2)
        kernels = np.concatenate([part.reshape(len(points), -1) for part in parts], axis=1).astype(np.float32).ravel()
        kind = RELU if isinstance(activation, nn.ReLU) else SLOPED
        slope = getattr(activation, "negative_slope", getattr(activation, "weight", 1.0))
        bias = 0.0 if convolution.bias is None else convolution.bias
        return cls(depth, width, side, kernels, _lanes_of(bias, width), kind, _lanes_of(slope, width))

    def convolve(self, maps: Maps, into: Maps, threads: int, addend: Maps | None = None) -> None:
        """`depth` maps to `width` maps of the same size, which are neither the source nor the addend.

        An addend, with the size and width of the result, is only for a 1x1 convolution that nothing follows.
        """
        if self.side == 1:
            plus, kind = (into, self.kind) if addend is None else (addend, ADDED)
            arrays = (*maps.place, self.depth, self.kernels, self.bias, kind, self.slopes, *plus.place, *into.place)
            _share(partial(pointwise.strip(), *arrays, self.width), maps.pixels, threads)
            return
        rows = len(maps.values) * -(-maps.values.shape[1] // winograd.tile(self.side))
        read = (maps.values, maps.first, self.depth, self.kernels, self.bias, self.kind, self.slopes)
        job = partial(winograd.strip(self.side), *read, into.values, into.first, self.width)
        _share(job, rows, threads)


def add(maps: Maps, addend: Maps, into: Maps, threads: int, factor: float = 1.0) -> None:
    """The sum of maps and of `factor` times others of the same shape, in a third."""
    _over_pixels(maps, into, threads, addend, factor)


def copy(maps: Maps, into: Maps, threads: int) -> None:
    """The same values elsewhere."""
    _over_pixels(maps, into, threads)


def _over_pixels(maps: Maps, into: Maps, threads: int, addend: Maps | None = None, factor: float = 1.0) -> None:
    others = (addend is not None, np.array([factor], np.float32), *(addend or maps).place)
    _share(partial(pointwise.sums(), *maps.place, *others, *into.place, maps.channels), maps.pixels, threads)


def _share(job: Callable[[int, int], Any], count: int, threads: int) -> None:
    """The rows or pixels from 0 to `count`, in strips."""
    # More strips than threads, so that one that is held up holds up little.
    strips = min(count, _STRIPS_PER_THREAD * threads) if threads > 1 else 1
    bounds = np.linspace(0, count, strips + 1).astype(int).tolist()
    share_out([partial(job, first, last) for first, last in pairwise(bounds)], threads)


def _lanes_of(values: Tensor | float, width: int) -> NDArray[np.float32]:
    """One value for each channel, or the same for all, in whole registers."""
    lanes = np.zeros(rounded(width), np.float32)
    lanes[:width] = values.detach().numpy() if isinstance(values, Tensor) else values
    return lanes

"""Chains of 3x3 convolutions and ReLUs on the processor, with a quarter of the multiplications.

Winograd's F(4x4, 3x3) (Lavin & Gray 2016, Fast algorithms for convolutional neural networks): a tile of 6 x 6 inputs is
transformed by sums, multiplied by the transformed kernels - 36 products of matrices (tiles x channels in) by (channels
in x out) where direct convolution takes 144 - and transformed back to 4 x 4 outputs. Maps lie channels last, so that a
register holds neighbouring channels of one pixel; a few tiles at a time stay in the second-level cache from their
inputs to their outputs.

The result is that of direct convolution with its sums in another order: float32 images differ in the sixth digit.
"""

# ruff: noqa: ANN001, ANN202, PLR0917 - numba passes arrays and numbers only, and infers the types itself
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
import torch
from llvmlite import ir
from numba import njit
from numba.core import cgutils
from numba.extending import register_jitable
from numpy.typing import NDArray
from torch import Tensor, nn

from restoration.compiled.butterflies import Term, multiplications
from restoration.compiled.lanes import CHECKSUM, LANES, Lanes, Memory, vector_code

TILE: Final = 4
"""Side of a tile's output; its input is two pixels larger."""

_SEEN: Final = TILE + 2
_POINTS: Final = _SEEN**2

_ROWS: Final = 6
"""Tiles in one matrix product: 6 x 2 registers of sums leave four of sixteen for what is multiplied."""

_TOGETHER: Final = 24
"""Tiles between two transforms: their points before and after, 2 x 36 x 24 x 64 float32, are 442 kB.

Measured at 64 channels: 12 is as fast, 48 takes a tenth longer.
"""

_STRIPS_PER_THREAD: Final = 4

_TAPS_TO_POINTS: Final = np.array(
    [[1 / 4, 0, 0], [-1 / 6] * 3, [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]]
)
"""A kernel's three taps as a polynomial's values at 0, 1, -1, 2, -2 and infinity, scaled."""

TermT = TypeVar("TermT", bound=Term)


def points(samples: Sequence[TermT]) -> list[TermT]:
    """Six samples to what a kernel's six points are multiplied by."""
    d0, d1, d2, d3, d4, d5 = samples
    even, odd = d4 - d2 * 4.0, d3 - d1 * 4.0
    wide, slope = d4 - d2, (d3 - d1) * 2.0
    return [d0 * 4.0 - d2 * 5.0 + d4, even + odd, even - odd, wide + slope, wide - slope, d1 * 4.0 - d3 * 5.0 + d5]


def outputs(products: Sequence[TermT]) -> list[TermT]:
    """Six products to four outputs of the convolution."""
    m0, m1, m2, m3, m4, m5 = products
    near, near_slope, far, far_slope = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return [m0 + near + far, near_slope + far_slope * 2.0, near + far * 4.0, near_slope + far_slope * 8.0 + m5]


def macs_per_place(depth: int, width: int) -> float:
    """Multiplications for one place of the maps: its share of a tile's 36 products and of the transforms."""
    there = _SEEN * 2 * multiplications(points, _SEEN)  # along x, then along y
    back = (_SEEN + TILE) * multiplications(outputs, _SEEN)
    return (_POINTS * depth * width + depth * there + width * back) / TILE**2


@vector_code(literals=1)
def points_across(channels: int, source: Memory, target: Memory) -> None:
    """One row of an input tile, LANES channels of it, to points along x."""
    for k, value in enumerate(points([source.load(x * channels) for x in range(_SEEN)])):
        target.store(k * LANES, value)


@vector_code(literals=1)
def points_down(channels: int, source: Memory, target: Memory) -> None:
    """Six rows of points along x to 36 points of a tile with `channels` channels, among those of `_TOGETHER` tiles."""
    for k in range(_SEEN):
        for j, value in enumerate(points([source.load((y * _SEEN + k) * LANES) for y in range(_SEEN)])):
            target.store((j * _SEEN + k) * _TOGETHER * channels, value)


@vector_code(literals=1)
def outputs_across(channels: int, source: Memory, target: Memory) -> None:
    """36 products of a tile, among those of `_TOGETHER` tiles, to six rows of four outputs along x."""
    for j in range(_SEEN):
        products = [source.load((j * _SEEN + k) * _TOGETHER * channels) for k in range(_SEEN)]
        for x, value in enumerate(outputs(products)):
            target.store((j * TILE + x) * LANES, value)


@vector_code(literals=2)
def outputs_down(
    channels: int, relu: int, source: Memory, bias: Memory, row0: Memory, row1: Memory, row2: Memory, row3: Memory
) -> None:
    """Six rows of four outputs along x to 4 x 4 outputs with bias (and ReLU), in four rows of the map."""
    for x in range(TILE):
        column = outputs([source.load((j * TILE + x) * LANES) for j in range(_SEEN)])
        for row, value in zip((row0, row1, row2, row3), column, strict=True):
            total = value + bias.load(0)
            row.store(x * channels, _positive(total) if relu else total)


@vector_code(literals=4)
def multiply(vectors: int, depth: int, before: int, after: int, tiles: Memory, kernels: Memory, out: Memory) -> None:
    """Products of matrices: (_ROWS tiles, depth) by (depth, vectors x LANES), all sums in registers.

    Tiles are `before` values from each other in `tiles` and `after` in `out`; kernels are read in order.
    """
    builder = tiles.builder
    zero = ir.Constant(ir.VectorType(ir.FloatType(), LANES), None)
    sums = [[cgutils.alloca_once_value(builder, zero) for _ in range(vectors)] for _ in range(_ROWS)]
    with cgutils.for_range(builder, ir.Constant(ir.IntType(64), depth)) as loop:
        first = builder.mul(loop.index, ir.Constant(ir.IntType(64), vectors * LANES))
        line = kernels.beyond(first)
        factors = [line.load(v * LANES) for v in range(vectors)]
        for row, line_sums in enumerate(sums):
            at = builder.add(loop.index, ir.Constant(ir.IntType(64), row * before))
            sample = tiles.beyond(at).spread()
            for place, factor in zip(line_sums, factors, strict=True):
                builder.store((Lanes(builder, builder.load(place)) + sample * factor).value, place)
    for row, line_sums in enumerate(sums):
        for v, place in enumerate(line_sums):
            out.store(row * after + v * LANES, Lanes(builder, builder.load(place)))


def _positive(lanes: Lanes) -> Lanes:
    return lanes.where_above(lanes, lanes.like(0.0))


@dataclass(frozen=True)
class Layer:
    """One convolution as `strip` wants it."""

    depth: int
    """Channels in."""
    width: int
    """Channels out."""
    relu: int
    """1 where a ReLU follows, 0 where not."""
    kernels: NDArray[np.float32]
    """(36, blocks, depth, vectors x LANES), flat: each block's outputs for one point, channel in after channel in."""
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, convolution: nn.Conv2d, *, relu: int) -> Layer:
        """The layer of a 3x3 convolution; its kernel is transformed in float64."""
        weight = convolution.weight.detach().double().numpy()  # (out, in, 3, 3)
        width, depth = weight.shape[:2]
        block = _vectors(width) * LANES
        padded = np.zeros((_POINTS, depth, _padded(width)))
        padded[..., :width] = np.einsum("jy,oiyx,kx->jkio", _TAPS_TO_POINTS, weight, _TAPS_TO_POINTS).reshape(
            _POINTS, depth, width
        )
        kernels = padded.reshape(_POINTS, depth, -1, block).swapaxes(1, 2).astype(np.float32).ravel()
        bias = np.zeros(_padded(width), np.float32)
        if convolution.bias is not None:
            bias[:width] = convolution.bias.detach().numpy()
        return cls(depth, width, relu, kernels, bias)


class Chain(nn.Module):
    """What a sequence of 3x3 convolutions and ReLUs computes, on `threads` threads: (N, C, H, W) -> (N, C', H, W)."""

    def __init__(self, sequence: nn.Sequential, threads: int) -> None:
        super().__init__()
        steps = [layer for layer in sequence if not isinstance(layer, nn.Identity)]
        self.layers = [
            Layer.of(layer, relu=int(isinstance(following, nn.ReLU)))
            for layer, following in pairwise([*steps, nn.Identity()])
            if isinstance(layer, nn.Conv2d)
        ]
        self.threads = threads
        for layer in self.layers:
            _strip(layer.depth, layer.width, layer.relu)

    def forward(self, maps: Tensor) -> Tensor:
        """The last layer's maps; float32 on the CPU."""
        with ThreadPoolExecutor(self.threads) as pool:
            return torch.stack([self._one(image, pool) for image in maps])

    def _one(self, image: Tensor, pool: ThreadPoolExecutor) -> Tensor:
        channels, height, width = image.shape
        maps = _maps(image.shape, channels)
        maps[1 : height + 1, 1 : width + 1, :channels] = image.permute(1, 2, 0).numpy()
        rows = (len(maps) - 2) // TILE
        # More strips than threads, so that one that is held up holds up little.
        strips = min(rows, _STRIPS_PER_THREAD * self.threads) if self.threads > 1 else 1
        bounds = np.linspace(0, rows, strips + 1).astype(int).tolist()
        spare = maps
        for layer in self.layers:
            fits = spare is not maps and spare.shape[2] == _padded(layer.width)
            target = spare if fits else _maps(image.shape, layer.width)
            strip = _strip(layer.depth, layer.width, layer.relu)
            parts = [
                pool.submit(strip, maps, layer.kernels, layer.bias, target, first, last, height, width)
                for first, last in pairwise(bounds)
            ]
            for part in parts:
                part.result()
            maps, spare = target, maps
        return torch.from_numpy(maps[1 : height + 1, 1 : width + 1, : self.layers[-1].width]).permute(2, 0, 1)


def _maps(shape: Sequence[int], channels: int) -> NDArray[np.float32]:
    """Maps (H, W, C) of zeros for an image (.., H, W): whole tiles and a border of one pixel."""
    height, width = (-(-size // TILE) * TILE + 2 for size in shape[-2:])
    return np.zeros((height, width, _padded(channels)), np.float32)


def applied(network: nn.Module, threads: int) -> bool:
    """Replaces every chain of 3x3 convolutions and ReLUs inside `network`; says whether there was one."""
    found = [
        (parent, name)
        for parent in network.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Sequential) and _is_chain(child)
    ]
    for parent, name in found:
        setattr(parent, name, Chain(getattr(parent, name), threads))
    return bool(found)


def _is_chain(sequence: nn.Sequential) -> bool:
    activations = (nn.ReLU, nn.Identity)
    return isinstance(next(iter(sequence), None), nn.Conv2d) and all(
        isinstance(layer, activations) or _is_plain(layer) for layer in sequence
    )


def _is_plain(layer: nn.Module) -> bool:
    """Whether it is a 3x3 convolution that keeps the image's size and sees zeros around it."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.kernel_size == (3, 3)
        and layer.padding == (1, 1)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
    )


def _padded(channels: int) -> int:
    """Channels rounded up to whole registers."""
    return -(-channels // LANES) * LANES


def _vectors(width: int) -> int:
    """Registers of outputs that one product makes: two where they come in pairs."""
    return 1 if _padded(width) // LANES % 2 else 2


_SIGNATURE: Final = "void(f4[:,:,::1], f4[::1], f4[::1], f4[:,:,::1], i8, i8, i8, i8)"


@cache
def _strip(depth: int, width: int, relu: int) -> Any:
    """The compiled loop over the tiles of rows `first` to `last`; it holds no lock of Python's.

    Source and target are maps of whole tiles with a border of one pixel, of which `height` x `columns` are the image.
    """
    before, after, vectors = _padded(depth), _padded(width), _vectors(width)
    size_before, size_after = _POINTS * _TOGETHER * before, _POINTS * _TOGETHER * after
    made_of = CHECKSUM

    @njit(_SIGNATURE, cache=True, nogil=True, error_model="numpy")
    def strip(source, kernels, bias, target, first, last, height, columns):
        _ = made_of
        tiles = (source.shape[1] - 2) // TILE
        known = np.zeros(size_before, np.float32)
        products = np.zeros(size_after, np.float32)
        stage = np.zeros(_POINTS * LANES, np.float32)
        for begin in range(first * tiles, last * tiles, _TOGETHER):
            end = min(begin + _TOGETHER, last * tiles)
            _read_tiles(before, source, begin, end, stage, known)
            _multiply_points(vectors, depth, before, after, known, kernels, end - begin, products)
            _write_tiles(after, relu, products, bias, begin, end, stage, target)
        for y in range(first * TILE, last * TILE):  # the next layer is to see zeros around the image
            target[y + 1, columns + 1 if y < height else 0 :] = 0

    return strip


@register_jitable
def _corner(tile, stride, channels):
    """Index of the first value that an input tile sees, in flat maps of `stride` pixels a row."""
    tiles = (stride - 2) // TILE
    return (tile // tiles * TILE * stride + tile % tiles * TILE) * channels


@register_jitable
def _read_tiles(before, source, begin, end, stage, known):
    """Input tiles to their points."""
    stride = source.shape[1]
    for tile in range(begin, end):
        for channel in range(0, before, LANES):
            at = _corner(tile, stride, before) + channel
            for y in range(_SEEN):
                points_across(before, source, at + y * stride * before, stage, y * _SEEN * LANES)
            points_down(before, stage, 0, known, (tile - begin) * before + channel)


@register_jitable
def _multiply_points(vectors, depth, before, after, known, kernels, count, products):
    """The 36 products of matrices; kernels are read once, in order."""
    block = vectors * LANES
    kernel = 0
    for point in range(_POINTS):
        for out in range(0, after, block):
            for tile in range(0, count, _ROWS):
                at = (point * _TOGETHER + tile) * before
                into = (point * _TOGETHER + tile) * after + out
                multiply(vectors, depth, before, after, known, at, kernels, kernel, products, into)
            kernel += depth * block


@register_jitable
def _write_tiles(after, relu, products, bias, begin, end, stage, target):
    """Products to output tiles, in place in the map."""
    line = target.shape[1] * after
    for tile in range(begin, end):
        for channel in range(0, after, LANES):
            outputs_across(after, products, (tile - begin) * after + channel, stage, 0)
            # Past the border: one row down, one pixel to the right.
            row0 = _corner(tile, target.shape[1], after) + line + after + channel
            row1, row2, row3 = row0 + line, row0 + 2 * line, row0 + 3 * line
            outputs_down(after, relu, stage, 0, bias, channel, target, row0, target, row1, target, row2, target, row3)

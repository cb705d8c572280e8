"""3x3 convolutions on the processor, with a quarter of the multiplications.

Winograd's F(4x4, 3x3) (Lavin & Gray 2016, Fast algorithms for convolutional neural networks): a tile of 6 x 6 inputs is
transformed by sums, multiplied by the transformed kernels - 36 products of matrices (tiles x channels in) by (channels
in x out) where direct convolution takes 144 - and transformed back to 4 x 4 outputs. Maps lie channels last, as torch's
own format of that name has them, so that a register holds neighbouring channels of one pixel and whatever stands
between two convolutions needs no other layout; a few tiles at a time stay in the second-level cache from their inputs
to their outputs.

The result is that of direct convolution with its sums in another order: float32 images differ in the sixth digit.
"""

# ruff: noqa: ANN001, ANN202, PLR0917 - numba passes arrays and numbers only, and infers the types itself
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable
from numpy.typing import NDArray
from torch import Tensor, nn

from restoration.compiled.butterflies import Term, multiplications
from restoration.compiled.lanes import CHECKSUM, LANES, Lanes, Memory, move, vector_code
from restoration.compiled.workers import share_out

TILE: Final = 4
"""Side of a tile's output; its input is two pixels larger."""

_SEEN: Final = TILE + 2
_POINTS: Final = _SEEN**2

_ROWS: Final = 6
"""Tiles in one matrix product: 6 x 2 registers of sums leave four of sixteen for what is multiplied."""

_VECTORS: Final = 2
"""Registers of outputs that one product makes; one where an odd one is left."""

_MOST_TOGETHER: Final = 24
_HELD: Final = 442_368
"""Bytes of points before and after between two transforms, at most, and of at most `_MOST_TOGETHER` tiles."""

_LINE: Final = 16
"""Values between the points of one kind and the next, so that they do not all fall into one set of the cache."""

_STRIPS_PER_THREAD: Final = 4

LINEAR, RELU, SLOPED = range(3)
"""What follows a convolution: nothing, a ReLU, or another slope below zero for each channel."""

_KINDS: Final = {nn.Identity: LINEAR, nn.ReLU: RELU}
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


def sized_code(literals: int, sizes: int) -> Callable[[Callable[..., None]], Any]:
    """As `vector_code`; after its constants the function takes numbers that are known only when the program runs."""

    def decorated(write: Callable[..., None]) -> Any:
        numbers = literals + sizes

        def typed(_: object, *kinds: types.Type) -> Any:
            constants, arrays = kinds[:literals], kinds[numbers::2]
            if not all(isinstance(kind, types.Literal) for kind in constants):
                return None  # numba asks again with literals
            places = [kind for array in arrays for kind in (array, types.intp)]
            return types.none(*constants, *[types.intp] * sizes, *places), generate

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Sequence[ir.Value]) -> ir.Value:
            pairs = zip(signature.args[numbers::2], values[numbers::2], values[numbers + 1 :: 2], strict=True)
            starts = [builder.gep(context.make_array(kind)(context, builder, a).data, [at]) for kind, a, at in pairs]
            constants = [kind.literal_value for kind in signature.args[:literals]]
            write(*constants, *values[literals:numbers], *[Memory(builder, start) for start in starts])
            return context.get_dummy_value()

        names = list(inspect.signature(write).parameters)
        pairs = [name for array in names[numbers:] for name in (array, f"{array}_at")]
        typed.__name__, typed.__doc__ = write.__name__, write.__doc__
        typed.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # numba reads it
            [inspect.Parameter(name, _POSITIONAL) for name in ("context", *names[:numbers], *pairs)]
        )
        return intrinsic(prefer_literal=True)(typed)

    return decorated


_POSITIONAL: Final = inspect.Parameter.POSITIONAL_OR_KEYWORD


def _at(memory: Memory, step: ir.Value, count: int) -> Memory:
    """`memory` from `count` steps on."""
    return memory.beyond(memory.builder.mul(step, ir.Constant(step.type, count)))


@sized_code(literals=0, sizes=3)
def tile_points(line: ir.Value, channels: ir.Value, apart: ir.Value, source: Memory, target: Memory) -> None:
    """A tile of inputs, LANES channels of it, to 36 points, each `apart` values from the one before.

    Two rows of points at a time, so that what lies between the two directions stays in registers: inputs are read
    more than once, which costs less than writing them in between. What of a column is not used is not computed.
    """
    for pair in ((0, 5), (1, 2), (3, 4)):
        columns = [points([_at(_at(source, line, y), channels, x).load(0) for y in range(_SEEN)]) for x in range(_SEEN)]
        for j in pair:
            for k, value in enumerate(points([column[j] for column in columns])):
                _at(target, apart, j * _SEEN + k).store(0, value)


@sized_code(literals=1, sizes=3)
def tile_outputs(
    kind: int,
    line: ir.Value,
    channels: ir.Value,
    apart: ir.Value,
    source: Memory,
    bias: Memory,
    slopes: Memory,
    target: Memory,
) -> None:
    """36 products, `apart` values from each other, to 4 x 4 outputs with bias and what follows; two rows at a time."""
    for pair in ((0, 2), (1, 3)):
        columns = [outputs([_at(source, apart, j * _SEEN + k).load(0) for j in range(_SEEN)]) for k in range(_SEEN)]
        for y in pair:
            for x, value in enumerate(outputs([column[y] for column in columns])):
                place = _at(_at(target, line, y), channels, x)
                place.store(0, _followed(kind, value + bias.load(0), slopes))


@vector_code(literals=0)
def move_one(source: Memory, target: Memory) -> None:
    """Copies one value."""
    target.store_one(0, source.load_one(0))


def _followed(kind: int, total: Lanes, slopes: Memory) -> Lanes:
    if kind == LINEAR:
        return total
    zero = total.like(0.0)
    if kind == RELU:
        return total.where_above(total, zero)
    above = total.builder.fcmp_unordered(">", total.value, zero.value)
    return Lanes(total.builder, total.builder.select(above, total.value, (total * slopes.load(0)).value))


@sized_code(literals=1, sizes=3)
def multiply(
    vectors: int, depth: ir.Value, before: ir.Value, after: ir.Value, tiles: Memory, kernels: Memory, out: Memory
) -> None:
    """Products of matrices: (_ROWS tiles, depth) by (depth, vectors x LANES), all sums in registers.

    Tiles are `before` values from each other in `tiles` and `after` in `out`; kernels are read in order.
    """
    builder = tiles.builder
    zero = ir.Constant(ir.VectorType(ir.FloatType(), LANES), None)
    sums = [[cgutils.alloca_once_value(builder, zero) for _ in range(vectors)] for _ in range(_ROWS)]
    for place in (place for line in sums for place in line):  # the alloca's own store runs once, the code many times
        builder.store(zero, place)
    rows = [_at(tiles, before, row) for row in range(_ROWS)]
    with cgutils.for_range(builder, depth) as loop:
        first = builder.mul(loop.index, ir.Constant(ir.IntType(64), vectors * LANES))
        line = kernels.beyond(first)
        factors = [line.load(v * LANES) for v in range(vectors)]
        for row, line_sums in zip(rows, sums, strict=True):
            sample = row.beyond(loop.index).spread()
            for place, factor in zip(line_sums, factors, strict=True):
                builder.store((Lanes(builder, builder.load(place)) + sample * factor).value, place)
    for number, line_sums in enumerate(sums):
        for v, place in enumerate(line_sums):
            _at(out, after, number).store(v * LANES, Lanes(builder, builder.load(place)))


@dataclass(frozen=True)
class Layer:
    """One convolution and what follows it, as the compiled loop wants it."""

    depth: int
    """Channels in."""
    width: int
    """Channels out."""
    kernels: NDArray[np.float32]
    """(36, blocks, depth, vectors x LANES), flat: each block's outputs for one point, channel in after channel in."""
    bias: NDArray[np.float32]
    kind: int
    """`LINEAR`, `RELU` or `SLOPED`."""
    slopes: NDArray[np.float32]
    """Below zero, for each channel out, where the kind is `SLOPED`."""

    @classmethod
    def of(cls, convolution: nn.Conv2d, activation: nn.Module) -> Layer:
        """The layer of a 3x3 convolution and a ReLU, LeakyReLU, PReLU or Identity.

        The kernel is transformed in float64.
        """
        weight = convolution.weight.detach().double().numpy()  # (out, in, 3, 3)
        width, depth = weight.shape[:2]
        padded = np.zeros((_POINTS, depth, _padded(width)))
        padded[..., :width] = np.einsum("jy,oiyx,kx->jkio", _TAPS_TO_POINTS, weight, _TAPS_TO_POINTS).reshape(
            _POINTS, depth, width
        )
        block = _VECTORS * LANES
        parts = np.split(padded, range(block, _padded(width), block), axis=2)
        kernels = np.concatenate([part.reshape(_POINTS, -1) for part in parts], axis=1).astype(np.float32).ravel()
        kind = _KINDS.get(type(activation), SLOPED)
        slope = getattr(activation, "negative_slope", getattr(activation, "weight", 0.0))
        bias = 0.0 if convolution.bias is None else convolution.bias
        return cls(depth, width, kernels, _lanes_of(bias, width), kind, _lanes_of(slope, width))

    @property
    def together(self) -> int:
        """Tiles between two transforms: as many as the second-level cache holds, in whole products."""
        points = _POINTS * (_padded(self.depth) + _padded(self.width)) * np.dtype(np.float32).itemsize
        return min(_MOST_TOGETHER, max(1, _HELD // points // _ROWS) * _ROWS)

    def convolve(self, maps: NDArray[np.float32], into: NDArray[np.float32], threads: int) -> None:
        """Maps (N, H, W, depth) to maps (N, H, W, width)."""
        rows = len(maps) * -(-maps.shape[1] // TILE)
        # More strips than threads, so that one that is held up holds up little.
        strips = min(rows, _STRIPS_PER_THREAD * threads) if threads > 1 else 1
        bounds = np.linspace(0, rows, strips + 1).astype(int).tolist()
        arrays = (self.kernels, self.bias, self.kind, self.slopes, into, self.together)
        share_out([partial(_strip(), maps, *arrays, first, last) for first, last in pairwise(bounds)], threads)


def _lanes_of(values: Tensor | float, width: int) -> NDArray[np.float32]:
    """One value for each channel, or the same for all, in whole registers."""
    lanes = np.zeros(_padded(width), np.float32)
    lanes[:width] = values.detach().numpy() if isinstance(values, Tensor) else values
    return lanes


def _padded(channels: int) -> int:
    """Channels rounded up to whole registers."""
    return -(-channels // LANES) * LANES


_SIGNATURE: Final = "void(f4[:,:,:,::1], f4[::1], f4[::1], i8, f4[::1], f4[:,:,:,::1], i8, i8, i8)"


@cache
def _strip() -> Any:
    """The compiled loop over the tiles of rows `first` to `last` of all images; it holds no lock of Python's."""
    made_of = CHECKSUM

    @njit(_SIGNATURE, cache=True, nogil=True, error_model="numpy")
    def strip(source, kernels, bias, kind, slopes, target, together, first, last):
        _ = made_of
        depth, width = source.shape[3], target.shape[3]
        before, after = (depth + LANES - 1) // LANES * LANES, (width + LANES - 1) // LANES * LANES
        tiles = (source.shape[2] + TILE - 1) // TILE
        known = np.zeros(_POINTS * (together * before + _LINE), np.float32)
        products = np.zeros(_POINTS * (together * after + _LINE), np.float32)
        patch = np.zeros(_POINTS * max(depth, width) + TILE * LANES, np.float32)
        for begin in range(first * tiles, last * tiles, together):
            end = min(begin + together, last * tiles)
            _read_tiles(source, begin, end, together, before, patch, known)
            _multiply_points(depth, before, after, together, known, kernels, end - begin, products)
            _write_tiles(products, bias, kind, slopes, begin, end, together, after, patch, target)

    return strip


@register_jitable
def _place(tile, maps):
    """Image, row and column of a tile's first output."""
    tiles = (maps.shape[2] + TILE - 1) // TILE
    rows = (maps.shape[1] + TILE - 1) // TILE
    return tile // tiles // rows, tile // tiles % rows * TILE, tile % tiles * TILE


@register_jitable
def _index(maps, image, y, x):
    """Index of a pixel's first channel in the flat maps."""
    return ((image * maps.shape[1] + y) * maps.shape[2] + x) * maps.shape[3]


@register_jitable
def _read_tiles(source, begin, end, together, before, patch, known):
    """Input tiles to their points; those that reach over a border by way of a patch with zeros."""
    height, columns, depth = source.shape[1:]
    for tile in range(begin, end):
        image, y, x = _place(tile, source)
        y, x = y - 1, x - 1
        last = _index(source, image, y + _SEEN - 1, x + _SEEN - 1)
        inside = y >= 0 and x >= 0 and y + _SEEN <= height and x + _SEEN <= columns
        into = (tile - begin) * before
        if inside and last + max(depth, LANES) <= source.size:
            _points_of(source, _index(source, image, y, x), columns * depth, depth, together, before, known, into)
        else:
            patch[: _POINTS * depth] = 0
            left, right = max(x, 0), min(x + _SEEN, columns)
            for row in range(max(y, 0), min(y + _SEEN, height)):
                at = ((row - y) * _SEEN + left - x) * depth
                _copy(source, _index(source, image, row, left), patch, at, (right - left) * depth)
            _points_of(patch, 0, _SEEN * depth, depth, together, before, known, into)


@register_jitable
def _points_of(array, at, line, depth, together, before, known, into):
    """The points of one tile, whose rows are `line` values from each other; some channels may be met twice."""
    for begin in range(0, depth, LANES):
        channel = max(0, min(begin, depth - LANES))
        tile_points(line, depth, together * before + _LINE, array, at + channel, known, into + channel)


@register_jitable
def _copy(source, at, target, into, count):
    """Copies `count` neighbouring values."""
    if count < LANES:
        for k in range(count):
            move_one(source, at + k, target, into + k)
    else:
        for begin in range(0, count, LANES):
            k = min(begin, count - LANES)
            move(source, at + k, target, into + k)


@register_jitable
def _multiply_points(depth, before, after, together, known, kernels, count, products):
    """The 36 products of matrices; kernels are read once, in order."""
    block = _VECTORS * LANES
    kernel = 0
    for point in range(_POINTS):
        first = point * (together * before + _LINE)
        for out in range(0, after, block):
            into = point * (together * after + _LINE) + out
            whole = out + block <= after
            for tile in range(0, count, _ROWS):
                at, to = first + tile * before, into + tile * after
                if whole:
                    multiply(_VECTORS, depth, before, after, known, at, kernels, kernel, products, to)
                else:
                    multiply(1, depth, before, after, known, at, kernels, kernel, products, to)
            kernel += depth * min(block, after - out)


@register_jitable
def _write_tiles(products, bias, kind, slopes, begin, end, together, after, patch, target):
    """Products to output tiles; those that are not whole, or narrower than a register, by way of a patch."""
    height, columns, width = target.shape[1:]
    patched = TILE * width + LANES
    for tile in range(begin, end):
        image, y, x = _place(tile, target)
        at = (tile - begin) * after
        if y + TILE <= height and x + TILE <= columns and width >= LANES:
            into, line = _index(target, image, y, x), columns * width
            _outputs_of(products, at, together, after, bias, kind, slopes, target, into, line, width)
        else:
            _outputs_of(products, at, together, after, bias, kind, slopes, patch, 0, patched, width)
            for row in range(min(TILE, height - y)):
                into = _index(target, image, y + row, x)
                _copy(patch, row * patched, target, into, min(TILE, columns - x) * width)


@register_jitable
def _outputs_of(products, at, together, after, bias, kind, slopes, array, into, line, width):
    """The outputs of one tile, to rows that are `line` values from each other; some channels may be met twice."""
    for begin in range(0, width, LANES):
        channel = max(0, min(begin, width - LANES))
        apart, start, to = together * after + _LINE, at + channel, into + channel
        if kind == RELU:
            tile_outputs(RELU, line, width, apart, products, start, bias, channel, slopes, channel, array, to)
        elif kind == LINEAR:
            tile_outputs(LINEAR, line, width, apart, products, start, bias, channel, slopes, channel, array, to)
        else:
            tile_outputs(SLOPED, line, width, apart, products, start, bias, channel, slopes, channel, array, to)

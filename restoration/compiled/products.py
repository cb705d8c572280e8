"""Products of matrices in registers, and what a convolution's loops share: copies, and what follows the products.

The functions under `vector_code` become instructions of a kernel that numba compiles, as those of `lanes` do.
"""

# ruff: noqa: ANN001, ANN201, PLR0917 - numba passes arrays and numbers only, and infers the types itself
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import inspect
import sys
import zlib
from typing import Final

from llvmlite import ir
from numba.core import cgutils
from numba.extending import register_jitable

from restoration.compiled import lanes
from restoration.compiled.lanes import LANES, Lanes, Memory, move, vector_code

SOURCES: Final = zlib.crc32(inspect.getsource(sys.modules[__name__]).encode(), lanes.CHECKSUM)
"""As `lanes.CHECKSUM`, of this file too: kernels made of it mention it."""

ROWS: Final = 6
"""Rows of one product of matrices: 6 x 2 registers of sums leave four of sixteen for what is multiplied."""

VECTORS: Final = 2
"""Registers of outputs that one product makes; one where an odd one is left."""

RELU, SLOPED, ADDED = range(3)
"""What follows the products and the bias: a ReLU, another slope below zero for each channel - 1 where nothing follows -
or a sum."""


def ahead(memory: Memory, step: ir.Value, count: int) -> Memory:
    """`memory` from `count` steps on."""
    return memory.beyond(memory.builder.mul(step, ir.Constant(step.type, count)))


@vector_code(literals=0)
def move_one(source: Memory, target: Memory) -> None:
    """Copies one value."""
    target.store_one(0, source.load_one(0))


def followed(kind: int, total: Lanes, slopes: Memory) -> Lanes:
    """What comes after a sum of products and bias, where it is not `ADDED`."""
    zero = total.like(0.0)
    if kind == RELU:
        return total.where_above(total, zero)
    above = total.builder.fcmp_unordered(">", total.value, zero.value)
    return Lanes(total.builder, total.builder.select(above, total.value, (total * slopes.load(0)).value))


@vector_code(literals=1, sizes=3)
def multiply(
    vectors: int, depth: ir.Value, before: ir.Value, after: ir.Value, tiles: Memory, kernels: Memory, out: Memory
) -> None:
    """Products of matrices: (ROWS tiles, depth) by (depth, vectors x LANES), all sums in registers.

    Tiles are `before` values from each other in `tiles` and `after` in `out`; kernels are read in order.
    """
    builder = tiles.builder
    zero = ir.Constant(ir.VectorType(ir.FloatType(), LANES), None)
    sums = [[cgutils.alloca_once_value(builder, zero) for _ in range(vectors)] for _ in range(ROWS)]
    for place in (place for line in sums for place in line):  # the alloca's own store runs once, the code many times
        builder.store(zero, place)
    rows = [ahead(tiles, before, row) for row in range(ROWS)]
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
            ahead(out, after, number).store(v * LANES, Lanes(builder, builder.load(place)))


@register_jitable
def multiply_block(whole, depth, before, after, rows, at, kernels, kernel, out, to):
    """`multiply` for a block of `VECTORS` registers of outputs, or for the one that is left."""
    if whole:
        multiply(VECTORS, depth, before, after, rows, at, kernels, kernel, out, to)
    else:
        multiply(1, depth, before, after, rows, at, kernels, kernel, out, to)


@register_jitable
def copy(source, at, target, into, count):
    """Copies `count` neighbouring values."""
    if count < LANES:
        for k in range(count):
            move_one(source, at + k, target, into + k)
    else:
        for begin in range(0, count, LANES):
            k = min(begin, count - LANES)
            move(source, at + k, target, into + k)


@vector_code(literals=0)
def move_sum(source: Memory, addend: Memory, factor: Memory, target: Memory) -> None:
    """LANES values and a factor times others."""
    target.store(0, source.load(0) + addend.load(0) * factor.spread())


@vector_code(literals=0)
def move_one_sum(source: Memory, addend: Memory, factor: Memory, target: Memory) -> None:
    """The same of single values."""
    builder = source.builder
    product = builder.fmul(addend.load_one(0), factor.load_one(0))
    target.store_one(0, builder.fadd(source.load_one(0), product))


@register_jitable
def copy_sum(source, at, addend, addend_at, factor, target, into, count):
    """`count` neighbouring values and `factor[0]` times others; the target is none of the sources."""
    if count < LANES:
        for k in range(count):
            move_one_sum(source, at + k, addend, addend_at + k, factor, 0, target, into + k)
    else:
        for begin in range(0, count, LANES):
            k = min(begin, count - LANES)
            move_sum(source, at + k, addend, addend_at + k, factor, 0, target, into + k)

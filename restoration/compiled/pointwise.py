"""1x1 convolutions on the processor, and sums and copies of maps whose channels lie last in memory.

A 1x1 convolution is one product of matrices, (pixels, channels in) by (channels in, channels out). Maps may be some
channels of wider ones, so that what a dense network puts behind each other is written where it belongs.
"""

# ruff: noqa: ANN001, ANN202, PLR0917 - numba passes arrays and numbers only, and infers the types itself
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numba.extending import register_jitable

from restoration.compiled.kernels import compiled
from restoration.compiled.lanes import LANES, Memory, rounded, vector_code
from restoration.compiled.products import (
    ADDED,
    RELU,
    ROWS,
    SLOPED,
    SOURCES,
    VECTORS,
    copy,
    copy_sum,
    followed,
    multiply_block,
)

TOGETHER: Final = 48
"""Pixels whose products are made before what follows; they stay in the first-level cache."""

_PLACE = "f4[::1], i8, i8"
"""Flat maps, the values from one pixel to the next, and the first channel."""


@vector_code(literals=1)
def pixel_outputs(kind: int, products: Memory, bias: Memory, slopes: Memory, addend: Memory, target: Memory) -> None:
    """A pixel's products, LANES channels of them, with bias and what follows."""
    total = products.load(0) + bias.load(0)
    target.store(0, total + addend.load(0) if kind == ADDED else followed(kind, total, slopes))


@cache
def strip() -> Any:
    """The compiled loop over the pixels `first` to `last` of all images; it holds no lock of Python's.

    `addend` is read where the kind is `ADDED`, and is not the target.
    """
    made_of = SOURCES

    @compiled(
        f"void({_PLACE}, i8, f4[::1], f4[::1], i8, f4[::1], {_PLACE}, {_PLACE}, i8, i8, i8)",
        error_model="numpy",
    )
    def strip(
        source, source_step, source_first, depth, kernels, bias, kind, slopes, addend, addend_step, addend_first,
        target, target_step, target_first, width, first, last,
    ):  # fmt: skip
        _ = made_of
        after = rounded(width)
        products = np.zeros(TOGETHER * after, np.float32)
        rest = np.zeros(ROWS * depth, np.float32)
        line = np.zeros(after, np.float32)
        more = np.zeros(after, np.float32)
        for begin in range(first, last, TOGETHER):
            count = min(TOGETHER, last - begin)
            whole = count // ROWS * ROWS
            at = begin * source_step + source_first
            _multiply(source, at, source_step, depth, kernels, after, 0, whole, products)
            if whole < count:
                for pixel in range(whole, count):
                    copy(source, at + pixel * source_step, rest, (pixel - whole) * depth, depth)
                _multiply(rest, 0, depth, depth, kernels, after, whole, whole + ROWS, products)
            for pixel in range(count):
                into = (begin + pixel) * target_step + target_first
                plus = (begin + pixel) * addend_step + addend_first
                if width >= LANES:
                    _outputs_of(products, pixel * after, bias, kind, slopes, addend, plus, target, into, width)
                else:
                    if kind == ADDED:
                        copy(addend, plus, more, 0, width)
                    _outputs_of(products, pixel * after, bias, kind, slopes, more, 0, line, 0, width)
                    copy(line, 0, target, into, width)

    return strip


@register_jitable
def _multiply(source, at, step, depth, kernels, after, first, last, products):
    """The products of pixels `first` to `last`, whole groups of them; the first lies at `at`."""
    block = VECTORS * LANES
    kernel = 0
    for out in range(0, after, block):
        for pixel in range(first, last, ROWS):
            begin, to = at + (pixel - first) * step, pixel * after + out
            multiply_block(out + block <= after, depth, step, after, source, begin, kernels, kernel, products, to)
        kernel += depth * min(block, after - out)


@register_jitable
def _outputs_of(products, at, bias, kind, slopes, addend, plus, target, into, width):
    """A pixel's outputs; some channels may be met twice."""
    for begin in range(0, width, LANES):
        k = max(0, min(begin, width - LANES))
        if kind == RELU:
            pixel_outputs(RELU, products, at + k, bias, k, slopes, k, addend, plus + k, target, into + k)
        elif kind == ADDED:
            pixel_outputs(ADDED, products, at + k, bias, k, slopes, k, addend, plus + k, target, into + k)
        else:
            pixel_outputs(SLOPED, products, at + k, bias, k, slopes, k, addend, plus + k, target, into + k)


@cache
def sums() -> Any:
    """The compiled loop over the pixels `first` to `last`: maps and `factor[0]` times others, or a copy of `source`."""
    made_of = SOURCES

    @compiled(f"void({_PLACE}, b1, f4[::1], {_PLACE}, {_PLACE}, i8, i8, i8)", error_model="numpy")
    def sums(
        source, source_step, source_first, adds, factor, addend, addend_step, addend_first, target, target_step,
        target_first, width, first, last,
    ):  # fmt: skip
        _ = made_of
        for pixel in range(first, last):
            at, into = pixel * source_step + source_first, pixel * target_step + target_first
            if adds:
                copy_sum(source, at, addend, pixel * addend_step + addend_first, factor, target, into, width)
            else:
                copy(source, at, target, into, width)

    return sums

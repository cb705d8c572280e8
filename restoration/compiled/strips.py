"""The compiled loops of the fused engine: one horizontal strip of an image, from noisy pixels to sums of blocks.

Along x, every row is transformed once for all blocks that touch it; along y, each block's columns are transformed,
shrunk, transformed back and added up without leaving the registers; complete rows are transformed back along x.
A strip is worked on in tiles, a few vectors of block columns wide and `FRESH` rows of blocks high, whose buffers stay
in the second-level cache while the one column of vectors at work stays in the first:

    coefficients, totals: [vector of columns][frequency u][row][lane]

so that a block's column is `order` neighbouring vectors. A kernel is made for one order and rule, kept on disk by
numba, and holds no lock of Python's. It takes a `GridStrip`, or a `ChosenStrip` where any choice of blocks is restored,
and checks nothing; `restoration.dct.fused` has.
"""

# ruff: noqa: ANN001, ANN202, PLR0917 - numba passes arrays and numbers only, and infers the types itself
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from restoration.compiled.kernels import compiled
from restoration.compiled.lanes import (
    CHECKSUM,
    EIGHT,
    LANES,
    add_column,
    add_weights,
    clear,
    gather_row,
    gather_rows,
    guide_column,
    move,
    restore_column,
    rounded,
    row_forward,
    row_inverse,
    scale_pixels,
    scatter_row,
    scatter_rows,
    shifted_sum,
    shrink_column,
    spread_weight,
    spread_weights,
    transform_column,
    weigh_block,
    weigh_column,
)

FRESH: Final = 24
"""Rows of blocks worked on before the buffers move on."""

SETS: Final = 4
"""Sets of thresholds that share a forward transform; more would make the tiles narrow and save little."""

TILE_BYTES: Final = 320 * 1024
"""About what a tile's buffers may take: well inside a second-level cache of 512 KiB."""

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_NONE: Final = np.zeros(0, np.float32)


class GridStrip(NamedTuple):
    """What a kernel for grids works on; every array of floats is flat."""

    image: Floats
    """The pixels of one plane."""
    limits: Floats
    """Thresholds for unscaled coefficients, [set][u][v][lane]; or slopes and floors of gains, [2][u][v]."""
    rows: Places
    """Where blocks start, ascending, never further apart than `order`."""
    columns: Places
    stop: int
    """The row of pixels from which on sums go to `tail` rather than to `out`."""
    row_scale: Floats
    """A factor for each row of pixels."""
    column_scale: Floats
    scratch: Floats
    """`Tile.size` values, zero before the first call."""
    out: Floats
    """Sums of blocks, times `order` squared and the scales: [set][row][column]."""
    tail: Floats
    weights: Floats = _NONE
    """Where blocks have weights: their sums, likewise."""
    weight_tail: Floats = _NONE
    costs: Floats = _NONE
    """Where blocks have weights: a block's is 1 / (1 + the sum of these over what it keeps), [u][v]."""
    guide: Floats = _NONE
    """The pixels whose coefficients give those of `image` their gains."""


class ChosenStrip(NamedTuple):
    """What the kernel for any choice of blocks works on; every array of floats is flat."""

    image: Floats
    limits: Floats
    blocks: NDArray[np.bool_]
    """The mask of blocks in the image; the strip has its rows top..bottom."""
    top: int
    bottom: int
    stop: int
    """The row of pixels from which on sums go to `tail` rather than to `out`."""
    costs: Floats
    """As in `GridStrip`; empty where all blocks weigh the same."""
    places: Places
    """Room for the starts of all those blocks and `LANES` more."""
    scratch: Floats
    """`chosen_size` values."""
    out: Floats
    """Sums of blocks, times `order` squared, are added to this."""
    tail: Floats
    weights: Floats
    weight_tail: Floats


_FLOATS: Final = types.Array(types.float32, 1, "C")
_PLACES: Final = types.Array(types.int64, 1, "C")
_MASK: Final = types.Array(types.boolean, 2, "C")
_ON_GRID: Final = types.void(
    types.NamedTuple(
        [_FLOATS, _FLOATS, _PLACES, _PLACES, types.int64, *[_FLOATS] * 9],
        GridStrip,
    )
)
_ON_CHOSEN: Final = types.void(
    types.NamedTuple(
        [_FLOATS, _FLOATS, _MASK, *[types.int64] * 3, _FLOATS, _PLACES, *[_FLOATS] * 5],
        ChosenStrip,
    )
)


class Rows(NamedTuple):
    """Rows of blocks that are worked on before the buffers move on."""

    block: int
    """The first of them, counted in the strip."""
    after: int
    """The first that is none of them."""
    top: int
    """The buffers' first row of pixels."""
    known: int
    """Up to where the coefficients are there."""
    bottom: int
    """Up to where they are needed."""
    done: int
    """How many rows of pixels are complete afterwards."""


class Line(NamedTuple):
    """A row of a tile's pixels."""

    at: int
    """Where in the scratch its sums begin."""
    left: int
    """Its first column of pixels."""
    begun: int
    """Up to where the previous tile has written."""
    end: int
    """Up to where this tile writes."""


class Tile(NamedTuple):
    """How a kernel's scratch is laid out, in float32 values; `coefficients` begin at 0."""

    wide: int
    """Block columns, a multiple of LANES."""
    step: int
    """From one column of vectors to the next."""
    reach: int
    """A line of a tile's pixels, with room on both sides for blocks shifted by up to `order` - 1."""
    totals: int
    """The totals begin here, one set after the other; each takes as much as the coefficients do."""
    shares: int
    """Weights of blocks, added up along y: [vector of columns][row][lane]."""
    kept: int
    """One vector of shrunk blocks, transformed back along y."""
    share: int
    """What they cost, then their weight."""
    stage: int
    """Samples of a row that are not neighbours, [k][block column]."""
    terms: int
    """What blocks say of a row, [k][block column], with `pad` zeros before each."""
    pad: int
    line: int
    """The sum of that for each pixel."""
    size: int

    @classmethod
    def of(cls, order: int, sets: int = 1) -> Tile:
        """As wide as the cache allows where `sets` totals are added up at once."""
        step = (FRESH + order - 1) * LANES
        vectors = max(1, min(8, TILE_BYTES // ((1 + sets) * order * step * 4)))
        wide = vectors * LANES
        totals = vectors * order * step
        pad = rounded(order - 1)
        reach = pad + rounded(wide + order - 1)
        shares = (1 + sets) * totals
        kept = shares + vectors * step
        share = kept + order * order * LANES
        stage = share + 2 * LANES
        terms = stage + order * wide
        line = terms + order * reach
        return cls(wide, step, reach, totals, shares, kept, share, stage, terms, pad, line, size=line + order * reach)


def chosen_size(order: int) -> int:
    """How many values the scratch of `chosen_strip` has: four vectors of blocks and two vectors."""
    return 4 * order * order * LANES + 2 * LANES


@cache
def uniform_strip(order: int, rule: str) -> Any:
    """The kernel for one set of thresholds and blocks that all weigh the same."""
    tile = Tile.of(order)
    wide, step, reach, totals, stage = tile.wide, tile.step, tile.reach, tile.totals, tile.stage
    buffers = 2 * totals // step
    made_of = CHECKSUM

    @compiled(_ON_GRID, error_model="numpy")
    def kernel(strip):
        _ = made_of
        for first in range(0, len(strip.columns), wide):
            count = min(wide, len(strip.columns) - first)
            for rows in _spans(order, strip.rows):
                _fill(order, wide, step, stage, strip, strip.image, 0, rows, first, count)
                _shrink(order, rule, step, totals, strip, rows, count)
                _finish(order, step, reach, tile, strip, rows, first, count, 0)
                _advance(order, step, buffers, strip.scratch)

    return kernel


@cache
def ratios_strip(order: int, rule: str) -> Any:
    """The kernel for up to `SETS` sets of thresholds: one forward transform serves all of them."""
    tile = Tile.of(order, SETS)
    wide, step, reach, stage = tile.wide, tile.step, tile.reach, tile.stage
    totals, kept, buffers = tile.totals, tile.kept, (1 + SETS) * tile.totals // step
    made_of = CHECKSUM

    @compiled(_ON_GRID, error_model="numpy")
    def kernel(strip):
        _ = made_of
        sets = len(strip.limits) // (order * order * LANES)
        for first in range(0, len(strip.columns), wide):
            count = min(wide, len(strip.columns) - first)
            for rows in _spans(order, strip.rows):
                _fill(order, wide, step, stage, strip, strip.image, 0, rows, first, count)
                _shrink_sets(order, rule, step, totals, kept, strip, rows, count, sets)
                for k in range(sets):
                    _finish(order, step, reach, tile, strip, rows, first, count, k)
                _advance(order, step, buffers, strip.scratch)

    return kernel


@cache
def weighted_strip(order: int, rule: str) -> Any:
    """The kernel for blocks that weigh less the more they keep; their weights are summed up, too."""
    tile = Tile.of(order)
    wide, step, reach, stage = tile.wide, tile.step, tile.reach, tile.stage
    buffers = 2 * tile.totals // step + wide // LANES
    made_of = CHECKSUM

    @compiled(_ON_GRID, error_model="numpy")
    def kernel(strip):
        _ = made_of
        for first in range(0, len(strip.columns), wide):
            count = min(wide, len(strip.columns) - first)
            for rows in _spans(order, strip.rows):
                _fill(order, wide, step, stage, strip, strip.image, 0, rows, first, count)
                _shrink_weighed(order, rule, step, tile, strip, rows, count)
                _finish(order, step, reach, tile, strip, rows, first, count, 0)
                _finish_shares(order, step, reach, tile, strip, rows, first, count)
                _advance(order, step, buffers, strip.scratch)

    return kernel


@cache
def guided_strip(order: int) -> Any:
    """The kernel for gains from a guide, whose coefficients lie where a second set's totals would; with weights."""
    tile = Tile.of(order, 2)
    wide, step, reach, stage = tile.wide, tile.step, tile.reach, tile.stage
    guided, buffers = 2 * tile.totals, 3 * tile.totals // step + wide // LANES
    made_of = CHECKSUM

    @compiled(_ON_GRID, error_model="numpy")
    def kernel(strip):
        _ = made_of
        for first in range(0, len(strip.columns), wide):
            count = min(wide, len(strip.columns) - first)
            for rows in _spans(order, strip.rows):
                _fill(order, wide, step, stage, strip, strip.image, 0, rows, first, count)
                _fill(order, wide, step, stage, strip, strip.guide, guided, rows, first, count)
                _shrink_guided(order, step, tile, strip, rows, count)
                _finish(order, step, reach, tile, strip, rows, first, count, 0)
                _finish_shares(order, step, reach, tile, strip, rows, first, count)
                _advance(order, step, buffers, strip.scratch)

    return kernel


@cache
def chosen_strip(order: int, rule: str) -> Any:
    """The kernel for any choice of blocks, transformed `LANES` at a time wherever they lie."""
    column = order * LANES
    kept, share = 2 * order * column, 4 * order * column
    eights = order // EIGHT * EIGHT
    made_of = CHECKSUM

    @compiled(_ON_CHOSEN, error_model="numpy")
    def kernel(strip):
        _ = made_of
        image, scratch, out, weights = strip.image, strip.scratch, strip.out, strip.weights
        costs, limits = strip.costs, strip.limits
        width = strip.blocks.shape[1] + order - 1
        found = _list(strip, width)
        starts = strip.places[:found]
        inside = np.searchsorted(starts, (strip.stop - order + 1) * width)  # those that nothing overhangs of
        for first, last in ((0, inside), (inside, found)):
            apart = (last - first + LANES - 1) // LANES  # neighbours in a group would wait for each other's sums
            for start in range(first, first + apart):
                some = _spaced(strip.places, start, last, apart)
                regular = order % EIGHT == 0 and len(some) == LANES
                if regular:
                    for k in range(order):
                        gather_rows(eights, image, k * width, some, 0, scratch, k * column)
                else:
                    _gather(order, column, some, width, image, scratch)
                _restore_blocks(order, rule, column, kept, share, costs, limits, scratch)
                if regular and last == inside:
                    for k in range(order):
                        scatter_rows(eights, scratch, k * column, some, 0, out, k * width)
                    for k in range(order):
                        spread_weights(eights, scratch, share + LANES, some, 0, weights, k * width)
                elif last == inside:
                    _scatter(order, column, share, some, width, scratch, out, weights)
                else:
                    _scatter_across(order, column, share, some, width, strip)

    return kernel


@njit
def _spans(order, rows):
    """The `Rows` of a strip's blocks, `FRESH` pixels at a time."""
    block, top, known = 0, rows[0], rows[0]
    while block < len(rows):
        after = block
        while after < len(rows) and rows[after] < top + FRESH:
            after += 1
        bottom = min(top + FRESH, rows[-1] + 1) + order - 1
        yield Rows(block, after, top, known, bottom, FRESH if after < len(rows) else bottom - top)
        block, top, known = after, top + FRESH, bottom


@njit
def _shrink(order, rule, step, totals, strip, rows, count):
    """Transforms the columns of blocks, shrinks them, transforms them back and adds them up."""
    scratch, limits, places = strip.scratch, strip.limits, strip.rows
    block, after, top = rows.block, rows.after, rows.top
    for column in range((count + LANES - 1) // LANES * order):
        limit = column % order * order * LANES
        _clear_new(order, block == 0, scratch, totals + column * step)
        for i in range(block, after):
            at = column * step + (places[i] - top) * LANES
            shrink_column(order, rule, scratch, at, scratch, totals + at, limits, limit)


@njit
def _shrink_sets(order, rule, step, totals, kept, strip, rows, count, sets):
    """The same with several sets of thresholds, each with its totals."""
    scratch, limits, places = strip.scratch, strip.limits, strip.rows
    block, after, top = rows.block, rows.after, rows.top
    for column in range((count + LANES - 1) // LANES * order):
        for k in range(sets):
            _clear_new(order, block == 0, scratch, totals * (k + 1) + column * step)
        for i in range(block, after):
            at = column * step + (places[i] - top) * LANES
            transform_column(order, scratch, at, scratch, kept)
            for k in range(sets):
                limit = (k * order + column % order) * order * LANES
                restore_column(order, rule, scratch, kept, scratch, totals * (k + 1) + at, limits, limit)


@njit
def _shrink_weighed(order, rule, step, tile, strip, rows, count):
    """The same with blocks that have weights, which are added up along y, too."""
    scratch = strip.scratch
    for vector in range((count + LANES - 1) // LANES):
        _clear_weighed(order, step, tile, rows, vector, scratch)
        for i in range(rows.block, rows.after):
            row = (strip.rows[i] - rows.top) * LANES
            at = vector * order * step + row
            _weigh(order, rule, step, scratch, at, tile.kept, tile.share, strip.limits, strip.costs)
            _add_weighed(order, step, tile, vector, row, scratch)


@njit
def _shrink_guided(order, step, tile, strip, rows, count):
    """The same with gains from the guide."""
    scratch, limits, costs = strip.scratch, strip.limits, strip.costs
    kept, share, guided = tile.kept, tile.share, 2 * tile.totals
    for vector in range((count + LANES - 1) // LANES):
        _clear_weighed(order, step, tile, rows, vector, scratch)
        for i in range(rows.block, rows.after):
            row = (strip.rows[i] - rows.top) * LANES
            clear(scratch, share)
            for u in range(order):
                at, slope = (vector * order + u) * step + row, u * order
                to = kept + slope * LANES
                guide_column(
                    order, scratch, at, scratch, guided + at, scratch, to, scratch, share, limits, slope, costs, slope
                )
            weigh_block(scratch, share, scratch, share + LANES)
            _add_weighed(order, step, tile, vector, row, scratch)


@njit
def _clear_weighed(order, step, tile, rows, vector, scratch):
    """Clears what no block has touched of a vector's totals and shares."""
    for u in range(order):
        _clear_new(order, rows.block == 0, scratch, tile.totals + (vector * order + u) * step)
    _clear_new(order, rows.block == 0, scratch, tile.shares + vector * step)


@njit
def _add_weighed(order, step, tile, vector, row, scratch):
    """Adds the shrunk vector of blocks, and their weights, to what begins at `row`."""
    kept, totals, weight = tile.kept, tile.totals + vector * order * step + row, tile.share + LANES
    for u in range(order):
        add_column(order, scratch, kept + u * order * LANES, scratch, weight, scratch, totals + u * step)
    add_weights(order, scratch, weight, scratch, tile.shares + vector * step + row)


@njit
def _spaced(places, start, last, apart):
    """Every `apart`-th of places[start:last], `LANES` at most, copied to the end of `places`."""
    end = len(places) - LANES
    count = 0
    for i in range(start, last, apart):
        places[end + count] = places[i]
        count += 1
    return places[end : end + count]


@njit
def _gather(order, column, places, width, image, scratch):
    """Reads the blocks that begin at `places`, each into its lane."""
    for j in range(len(places)):
        for k in range(order):
            gather_row(order, image, places[j] + k * width, scratch, k * column + j)


@njit
def _scatter(order, column, share, places, width, scratch, out, weights):
    """Adds the blocks and their weights to the image."""
    for j in range(len(places)):
        for k in range(order):
            scatter_row(order, scratch, k * column + j, out, places[j] + k * width)
            spread_weight(order, scratch, share + LANES + j, weights, places[j] + k * width)


@njit
def _scatter_across(order, column, share, places, width, strip):
    """The same, but to the tail from row `stop` on."""
    scratch, stop = strip.scratch, strip.stop
    for j in range(len(places)):
        for k in range(order):
            start = places[j] + k * width
            if start < stop * width:
                scatter_row(order, scratch, k * column + j, strip.out, start)
                spread_weight(order, scratch, share + LANES + j, strip.weights, start)
            else:
                start -= stop * width
                scatter_row(order, scratch, k * column + j, strip.tail, start)
                spread_weight(order, scratch, share + LANES + j, strip.weight_tail, start)


@njit
def _restore_blocks(order, rule, column, kept, share, costs, limits, scratch):
    """Denoises `LANES` blocks, [y][x][lane], where they lie; their weights follow `share`."""
    coefficients, totals = order * column, 3 * order * column  # [u][y][lane]
    for k in range(order):
        row_forward(order, LANES, column, scratch, k * column, scratch, coefficients + k * LANES)
    for at in range(totals, totals + order * column, LANES):
        clear(scratch, at)
    if len(costs):
        _weigh(order, rule, column, scratch, coefficients, kept, share, limits, costs)
        for u in range(order):
            add_column(order, scratch, kept + u * column, scratch, share + LANES, scratch, totals + u * column)
    else:
        for j in range(LANES):
            scratch[share + LANES + j] = 1
        for at in range(0, order * column, column):
            shrink_column(order, rule, scratch, coefficients + at, scratch, totals + at, limits, at)
    for k in range(order):
        row_inverse(order, column, LANES, scratch, totals + k * LANES, scratch, k * column)


@njit
def _fill(order, wide, step, stage, strip, image, buffer, rows, first, count):
    """Transforms those rows of `image` along x that the buffer of its coefficients, which begins at `buffer`, lacks."""
    columns, scratch = strip.columns, strip.scratch
    known, bottom, top = rows.known, rows.bottom, rows.top
    used, width = (count + LANES - 1) // LANES, len(strip.column_scale)
    left = columns[first]
    direct = count == wide and columns[first + count - 1] - left == count - 1
    for y in range(known, bottom):
        to = buffer + (y - top) * LANES
        if direct:
            for vector in range(used):
                start = y * width + left + vector * LANES
                row_forward(order, 1, step, image, start, scratch, to + vector * order * step)
        else:
            for k in range(order):
                for j in range(count):
                    scratch[stage + k * wide + j] = image[y * width + columns[first + j] + k]
            for vector in range(used):
                row_forward(order, wide, step, scratch, stage + vector * LANES, scratch, to + vector * order * step)


@njit
def _clear_new(order, all_new, scratch, at):
    """Clears those rows of a column of totals, which begins at `at`, that no block has touched."""
    for row in range(0 if all_new else order - 1, FRESH + order - 1):
        clear(scratch, at + row * LANES)


@njit
def _weigh(order, rule, step, scratch, at, kept, share, limits, costs):
    """Shrinks the columns of the vector of blocks at `at`, and computes the blocks' weights."""
    clear(scratch, share)
    for u in range(order):
        to = u * order * LANES
        weigh_column(
            order, rule, scratch, at + u * step, scratch, kept + to, scratch, share, limits, to, costs, u * order
        )
    weigh_block(scratch, share, scratch, share + LANES)


@njit
def _finish(order, step, reach, tile, strip, rows, first, count, k):
    """Transforms the complete rows of set `k` back along x, and writes them."""
    columns, scratch, out, tail = strip.columns, strip.scratch, strip.out, strip.tail
    row_scale, column_scale = strip.row_scale, strip.column_scale
    line = _line(order, strip.columns, first, count, tile.line)
    overhang = strip.rows[-1] + order - strip.stop
    for y in range(rows.top, rows.top + rows.done):
        at = (k + 1) * tile.totals + (y - rows.top) * LANES
        _spread(order, step, reach, tile, columns, first, count, scratch, at)
        if y < strip.stop:
            _write(line, scratch, y, row_scale, column_scale, out, k * len(row_scale) + y)
        else:
            _write(line, scratch, y, row_scale, column_scale, tail, k * overhang + y - strip.stop)


@njit
def _finish_shares(order, step, reach, tile, strip, rows, first, count):
    """The same with the weights of the blocks, which are added up along x."""
    columns, scratch, out, tail = strip.columns, strip.scratch, strip.weights, strip.weight_tail
    row_scale, column_scale = strip.row_scale, strip.column_scale
    line = _line(order, strip.columns, first, count, tile.line)
    for y in range(rows.top, rows.top + rows.done):
        at = tile.shares + (y - rows.top) * LANES
        _spread_shares(order, step, reach, tile, columns, first, count, scratch, at)
        if y < strip.stop:
            _write(line, scratch, y, row_scale, column_scale, out, y)
        else:
            _write(line, scratch, y, row_scale, column_scale, tail, y - strip.stop)


@njit
def _line(order, columns, first, count, at):
    """The `Line` of the tile whose block columns are the `count` from the `first` on."""
    left = columns[first]
    begun = columns[first - 1] + order - left if first else 0
    return Line(at, left, begun, columns[first + count - 1] + order - left)


@njit
def _spread(order, step, reach, tile, columns, first, count, scratch, at):
    """Transforms the complete row of sums at `at` back along x and adds up what its blocks say of each pixel."""
    pad, terms, line = tile.pad, tile.terms, tile.line
    for vector in range((count + LANES - 1) // LANES):
        row_inverse(order, step, reach, scratch, at + vector * order * step, scratch, terms + pad + vector * LANES)
    width = columns[first + count - 1] - columns[first] + order
    if width == count + order - 1:
        for k in range(order):  # what lies beyond the last block is no block
            for j in range(terms + k * reach + pad + count, terms + (k + 1) * reach):
                scratch[j] = 0
        for x in range(0, width, LANES):
            shifted_sum(order, reach, scratch, terms + pad + x, scratch, line + x)
    else:
        for x in range(line, line + width):
            scratch[x] = 0
        for j in range(count):
            x = line + columns[first + j] - columns[first]
            for k in range(order):
                scratch[x + k] += scratch[terms + k * reach + pad + j]


@njit
def _spread_shares(order, step, reach, tile, columns, first, count, scratch, at):
    """Adds up the weights of the blocks that touch each pixel of a row."""
    pad, terms, line = tile.pad, tile.terms, tile.line
    for vector in range((count + LANES - 1) // LANES):
        move(scratch, at + vector * step, scratch, terms + pad + vector * LANES)
    for j in range(terms + pad + count, terms + reach):
        scratch[j] = 0
    width = columns[first + count - 1] - columns[first] + order
    if width == count + order - 1:
        for x in range(0, width, LANES):
            shifted_sum(order, 0, scratch, terms + pad + x, scratch, line + x)
    else:
        for x in range(line, line + width):
            scratch[x] = 0
        for j in range(count):
            x = line + columns[first + j] - columns[first]
            for k in range(order):
                scratch[x + k] += scratch[terms + pad + j]


@njit
def _write(line, scratch, y, row_scale, column_scale, target, row):
    """Writes a line of sums, scaled, to a row of `target`; adds to the pixels that the previous tile has begun."""
    at, left, begun, end = line
    to = row * len(column_scale) + left
    whole = begun + (end - begun) // LANES * LANES
    for x in range(begun):
        target[to + x] += scratch[at + x] * (row_scale[y] * column_scale[left + x])
    for x in range(begun, whole, LANES):
        scale_pixels(scratch, at + x, row_scale, y, column_scale, left + x, target, to + x)
    for x in range(whole, end):
        target[to + x] = scratch[at + x] * (row_scale[y] * column_scale[left + x])


@njit
def _list(strip, width):
    """Lists where the pixels of the strip's blocks begin; returns their number."""
    blocks, places = strip.blocks, strip.places
    found = 0
    for y in range(strip.top, strip.bottom):
        for x in range(blocks.shape[1]):
            if blocks[y, x]:
                places[found] = y * width + x
                found += 1
    return found


@njit
def _advance(order, step, columns, scratch):
    """Moves the last rows of each column of each buffer to its beginning."""
    for at in range(0, columns * step, step):
        for row in range(order - 1):
            move(scratch, at + (FRESH + row) * LANES, scratch, at + row * LANES)

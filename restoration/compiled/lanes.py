"""Straight-line vector code for the fused engine: a butterfly is run once, on registers, and becomes instructions.

`Lanes` stands for neighbouring float32 values in one register of a program that numba is compiling; sums and products
of it append instructions. Each function below is one step on `LANES` columns at once, and takes its arrays as (array,
index of the first element): nothing is checked, the callers in `restoration.compiled.strips` keep inside.

Left to itself, the compiler's own vectoriser gives up on 16-point transforms and keeps 8-point ones only by luck.
"""

from __future__ import annotations

import inspect
import sys
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

from restoration.compiled import butterflies
from restoration.compiled.butterflies import forward, inverse

LANES: Final = 16 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 8
"""float32 values in one register: 16 with AVX-512; otherwise 8, which processors without AVX take as two halves."""


@register_jitable
def rounded(count: int) -> int:
    """`count` rounded up to whole registers."""
    return (count + LANES - 1) // LANES * LANES


EIGHT: Final = 8
"""Values of a block's row that are moved at once, where its order allows."""

CHECKSUM: Final = zlib.crc32("".join(inspect.getsource(code) for code in (butterflies, sys.modules[__name__])).encode())
"""Of what is compiled into every kernel from these two files, which numba does not watch. Kernels mention it, so that
code kept on disk is used only where compiling again would give the same."""

_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_FLAGS = ("contract", "nsz")  # products and sums may fuse; their order stays


class Lanes:
    """`LANES` float32 values in a register of the program being written; see `butterflies.Term`."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder = builder
        self.value = value

    def __add__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.fadd(self.value, other.value, flags=_FLAGS))

    def __sub__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.fsub(self.value, other.value, flags=_FLAGS))

    def __mul__(self, factor: float | Lanes) -> Lanes:
        value = factor.value if isinstance(factor, Lanes) else _constant(factor, self.value.type.count)
        return Lanes(self.builder, self.builder.fmul(self.value, value, flags=_FLAGS))

    def __abs__(self) -> Lanes:
        magnitude = self.builder.module.declare_intrinsic(
            f"llvm.fabs.v{LANES}f32", fnty=ir.FunctionType(_VECTOR, [_VECTOR])
        )
        return Lanes(self.builder, self.builder.call(magnitude, [self.value]))

    def reciprocal(self) -> Lanes:
        """1 over this."""
        return Lanes(self.builder, self.builder.fdiv(_constant(1.0), self.value, flags=_FLAGS))

    def like(self, value: float) -> Lanes:
        """The same number in every lane."""
        return Lanes(self.builder, _constant(value))

    def where_above(self, other: Lanes, limit: Lanes) -> Lanes:
        """This where `other` is greater than `limit`, elsewhere 0."""
        above = self.builder.fcmp_unordered(">", other.value, limit.value)  # x86 can take `limit` from memory
        return Lanes(self.builder, self.builder.select(above, self.value, _constant(0.0)))


class Memory:
    """The elements of a float32 array from one index on, read and written `LANES` at a time."""

    def __init__(self, builder: ir.IRBuilder, pointer: ir.Value) -> None:
        self.builder = builder
        self.pointer = pointer

    def load(self, offset: int, number: int = LANES) -> Lanes:
        """The `number` values from `offset` on."""
        kind = ir.VectorType(_FLOAT, number)
        return Lanes(self.builder, self.builder.load(self._at(offset, kind), align=4, typ=kind))

    def store(self, offset: int, lanes: Lanes) -> None:
        """Writes the values to `offset` and on."""
        self.builder.store(lanes.value, self._at(offset, lanes.value.type), align=4)

    def beyond(self, offset: ir.Value) -> Memory:
        """The elements from an offset on that is known only when the program runs."""
        return Memory(self.builder, self.builder.gep(self.pointer, [offset]))

    def load_one(self, offset: int) -> ir.Value:
        """The single value at `offset`."""
        return self.builder.load(self._element(offset))

    def store_one(self, offset: int, value: ir.Value) -> None:
        """Writes the single value at `offset`."""
        self.builder.store(value, self._element(offset))

    def spread(self, offset: int = 0) -> Lanes:
        """The single value at `offset`, in every lane."""
        value = self.load_one(offset)
        empty = ir.Constant(_VECTOR, ir.Undefined)
        first = self.builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return Lanes(self.builder, self.builder.shuffle_vector(first, empty, zeros))

    def _element(self, offset: int) -> ir.Value:
        return self.builder.gep(self.pointer, [ir.Constant(ir.IntType(64), offset)])

    def _at(self, offset: int, kind: ir.Type) -> ir.Value:
        return self.builder.bitcast(self._element(offset), kind.as_pointer())


def _constant(value: float, number: int = LANES) -> ir.Constant:
    return ir.Constant(ir.VectorType(_FLOAT, number), [ir.Constant(_FLOAT, value)] * number)


def _hard(coefficient: Lanes, limit: Lanes) -> Lanes:
    return coefficient.where_above(abs(coefficient), limit)


def _soft(coefficient: Lanes, limit: Lanes) -> Lanes:
    """max(c, t) + min(c, -t): what lies beyond the threshold, and zero between."""
    builder = coefficient.builder
    negative = Lanes(builder, builder.fneg(limit.value))
    above = builder.fcmp_ordered(">", coefficient.value, limit.value, flags=("nnan", "nsz"))
    below = builder.fcmp_ordered("<", coefficient.value, negative.value, flags=("nnan", "nsz"))
    high = builder.select(above, coefficient.value, limit.value)
    low = builder.select(below, coefficient.value, negative.value)
    return Lanes(builder, builder.fadd(high, low))


RULES: Final[dict[str, Callable[[Lanes, Lanes], Lanes]]] = {"hard": _hard, "soft": _soft}


def vector_code(literals: int, sizes: int = 0) -> Callable[[Callable[..., None]], Any]:
    """Makes an intrinsic of a function that writes the code of one step.

    The function takes `literals` constants, then `sizes` numbers that are known only when the program runs, then a
    Memory for each array; compiled code passes the constants and the numbers, then each array with the index at which
    its Memory begins.
    """
    numbers = literals + sizes

    def decorated(write: Callable[..., None]) -> Any:
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

        typed.__name__ = write.__name__
        typed.__doc__ = write.__doc__
        typed.__signature__ = _signature(write, numbers)  # type: ignore[attr-defined]  # inspect reads it
        return intrinsic(prefer_literal=True)(typed)

    return decorated


def _signature(write: Callable[..., None], numbers: int) -> inspect.Signature:
    """That of the intrinsic: numba's context, the constants and sizes, and two parameters for each Memory."""
    names = list(inspect.signature(write).parameters)
    pairs = [name for array in names[numbers:] for name in (array, f"{array}_at")]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter(name, kind) for name in ("context", *names[:numbers], *pairs)])


@vector_code(literals=3)
def row_forward(order: int, tap: int, step: int, source: Memory, target: Memory) -> None:
    """`order` samples, `tap` elements apart, to as many coefficients, `step` elements apart."""
    for u, value in enumerate(forward([source.load(k * tap) for k in range(order)])):
        target.store(u * step, value)


@vector_code(literals=3)
def row_inverse(order: int, step: int, tap: int, source: Memory, target: Memory) -> None:
    """`order` coefficients, `step` elements apart, to as many samples, `tap` elements apart."""
    for k, value in enumerate(inverse([source.load(u * step) for u in range(order)])):
        target.store(k * tap, value)


@vector_code(literals=2)
def shrink_column(order: int, rule: str, source: Memory, total: Memory, limits: Memory) -> None:
    """A column to coefficients, shrunk, back, and added to `total`: all of it in registers."""
    coefficients = forward([source.load(k * LANES) for k in range(order)])
    _add(inverse([RULES[rule](value, limits.load(v * LANES)) for v, value in enumerate(coefficients)]), total)


@vector_code(literals=1)
def transform_column(order: int, source: Memory, target: Memory) -> None:
    """A column to its coefficients."""
    for v, value in enumerate(forward([source.load(k * LANES) for k in range(order)])):
        target.store(v * LANES, value)


@vector_code(literals=2)
def restore_column(order: int, rule: str, source: Memory, total: Memory, limits: Memory) -> None:
    """A column's coefficients, shrunk, back, and added to `total`."""
    _add(inverse([RULES[rule](source.load(v * LANES), limits.load(v * LANES)) for v in range(order)]), total)


@vector_code(literals=2)
def weigh_column(  # noqa: PLR0917 - a step has no keywords
    order: int, rule: str, source: Memory, target: Memory, sums: Memory, limits: Memory, costs: Memory
) -> None:
    """A column to coefficients, shrunk, back; `sums` grows by the costs of those kept."""
    total, kept = sums.load(0), []
    for v, value in enumerate(forward([source.load(k * LANES) for k in range(order)])):
        limit = limits.load(v * LANES)
        kept.append(RULES[rule](value, limit))
        total = total + costs.spread(v).where_above(abs(value), limit)
    _store(inverse(kept), target)
    sums.store(0, total)


@vector_code(literals=1)
def guide_column(  # noqa: PLR0917 - a step has no keywords
    order: int, source: Memory, guide: Memory, target: Memory, sums: Memory, gains: Memory, costs: Memory
) -> None:
    """A column to coefficients, times the gains that `guide` gives them, back; `sums` grows by costs x gains^2.

    A gain is 1 - 1 / (floor + slope x g^2) for a coefficient g of the guide: 1 where the floor is infinite. `gains`
    has the slopes; the floors follow those of all `order` columns.
    """
    total, kept = sums.load(0), []
    sure = forward([guide.load(k * LANES) for k in range(order)])
    for v, value in enumerate(forward([source.load(k * LANES) for k in range(order)])):
        gain = value.like(1.0) - (gains.spread(order * order + v) + sure[v] * sure[v] * gains.spread(v)).reciprocal()
        kept.append(value * gain)
        total = total + gain * gain * costs.spread(v)
    _store(inverse(kept), target)
    sums.store(0, total)


@vector_code(literals=0)
def weigh_block(sums: Memory, weight: Memory) -> None:
    """The weight of blocks whose coefficients cost `sums`: 1 / (1 + the sum)."""
    total = sums.load(0)
    weight.store(0, (total + total.like(1.0)).reciprocal())


@vector_code(literals=1)
def add_column(order: int, source: Memory, weight: Memory, total: Memory) -> None:
    """Adds a column of blocks, times their weight, to `total`."""
    factor = weight.load(0)
    _add([source.load(k * LANES) * factor for k in range(order)], total)


@vector_code(literals=1)
def add_weights(order: int, weight: Memory, total: Memory) -> None:
    """Adds order^2 weights, as large as the sums of a block are, to each of a column's places in `total`."""
    _add([weight.load(0) * float(order * order)] * order, total)


@vector_code(literals=2)
def shifted_sum(order: int, tap: int, source: Memory, target: Memory) -> None:
    """The sum over k of `source` at k * tap - k: what all blocks that touch a pixel say of it."""
    terms = [source.load(k * tap - k) for k in range(order)]
    while len(terms) > 1:  # in pairs, for a short chain
        terms = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)] + terms[len(terms) & ~1 :]
    target.store(0, terms[0])


@vector_code(literals=0)
def scale_pixels(line: Memory, row: Memory, columns: Memory, target: Memory) -> None:
    """Sums times the scales of their row and columns, to the image."""
    target.store(0, line.load(0) * (columns.load(0) * row.spread()))


@vector_code(literals=0)
def move(source: Memory, target: Memory) -> None:
    """Copies one vector."""
    target.store(0, source.load(0))


@vector_code(literals=0)
def clear(target: Memory) -> None:
    """Zeroes one vector."""
    target.store(0, Lanes(target.builder, _constant(0.0)))


@vector_code(literals=1)
def gather_row(order: int, image: Memory, samples: Memory) -> None:
    """A block's row of `order` neighbours into one lane of as many vectors."""
    for k in range(order):
        samples.store_one(k * LANES, image.load_one(k))


@vector_code(literals=1)
def scatter_row(order: int, samples: Memory, image: Memory) -> None:
    """Adds one lane of `order` vectors to as many neighbours."""
    for k in range(order):
        image.store_one(k, samples.builder.fadd(image.load_one(k), samples.load_one(k * LANES)))


@vector_code(literals=1)
def gather_rows(order: int, image: Memory, places: Memory, samples: Memory) -> None:
    """A row of `LANES` blocks, which begin at `places`, into as many lanes; `order` is a multiple of `EIGHT`."""
    for first in range(0, order, EIGHT):
        rows = [image.beyond(places.load_one(j)).load(first, EIGHT) for j in range(LANES)]
        for k, lanes in enumerate(_transposed([_joined(rows[k::EIGHT]) for k in range(EIGHT)])):
            samples.store((first + k) * LANES, lanes)


@vector_code(literals=1)
def scatter_rows(order: int, samples: Memory, places: Memory, image: Memory) -> None:
    """Adds `LANES` lanes of `order` vectors to a row of as many blocks, which may overlap."""
    for first in range(0, order, EIGHT):
        groups = _transposed([samples.load((first + k) * LANES) for k in range(EIGHT)])
        for j in range(LANES):
            row = image.beyond(places.load_one(j))
            row.store(first, row.load(first, EIGHT) + _part(groups[j % EIGHT], j // EIGHT))


@vector_code(literals=1)
def spread_weights(order: int, weight: Memory, places: Memory, weights: Memory) -> None:
    """Adds order^2 times the weights of `LANES` blocks, as large as their sums are, to a row of as many blocks."""
    for j in range(LANES):
        row = weights.beyond(places.load_one(j))
        value = _part(weight.spread(j), 0) * float(order * order)
        for first in range(0, order, EIGHT):
            row.store(first, row.load(first, EIGHT) + value)


@vector_code(literals=1)
def spread_weight(order: int, weight: Memory, weights: Memory) -> None:
    """Adds order^2 times one weight, as large as the sums of a block are, to `order` neighbours."""
    factor = ir.Constant(_FLOAT, float(order * order))
    value = weight.builder.fmul(weight.load_one(0), factor)
    for k in range(order):
        weights.store_one(k, weight.builder.fadd(weights.load_one(k), value))


def _transposed(rows: list[Lanes]) -> list[Lanes]:
    """Eight vectors with rows and columns exchanged within each eight of their lanes."""
    rows = list(rows)
    for apart in (4, 2, 1):
        for i in range(EIGHT):
            if i & apart:
                continue
            a, b = rows[i], rows[i + apart]
            low = [lane if not lane & apart else LANES + lane - apart for lane in range(LANES)]
            high = [lane + apart if not lane & apart else LANES + lane for lane in range(LANES)]
            rows[i], rows[i + apart] = _shuffled(a, b, low), _shuffled(a, b, high)
    return rows


def _joined(parts: list[Lanes]) -> Lanes:
    """The parts' values one after the other."""
    joined = parts[0]
    for part in parts[1:]:
        joined = _shuffled(joined, part, list(range(len(parts) * EIGHT)))
    return joined


def _part(lanes: Lanes, number: int) -> Lanes:
    """The `number`-th eight of the values."""
    return _shuffled(lanes, lanes, list(range(number * EIGHT, (number + 1) * EIGHT)))


def _shuffled(a: Lanes, b: Lanes, lanes: list[int]) -> Lanes:
    """The values of `a`, then `b`, at the places `lanes`."""
    kind = ir.VectorType(ir.IntType(32), len(lanes))
    return Lanes(a.builder, a.builder.shuffle_vector(a.value, b.value, ir.Constant(kind, lanes)))


def _store(samples: Sequence[Lanes], target: Memory) -> None:
    for k, value in enumerate(samples):
        target.store(k * LANES, value)


def _add(samples: Sequence[Lanes], total: Memory) -> None:
    for k, value in enumerate(samples):
        total.store(k * LANES, total.load(k * LANES) + value)

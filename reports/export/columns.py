"""The columns of a table for print: the unit in the head, one precision down the column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reports.draw.grid import Cell, Grid
from reports.draw.number_text import UNDEFINED, signed
from reports.export.latex_text import flowing_text, latex_text, width

_SECONDS = {"s": 1.0, "ms": 1e3, "µs": 1e6, "ns": 1e9}
_BYTES = {"TiB": 2.0**-40, "GiB": 2.0**-30, "MiB": 2.0**-20, "KiB": 2.0**-10, "B": 1.0}
_SCALES: tuple[Mapping[str, float], ...] = (_SECONDS, _BYTES, {"×": 1.0}, {"%": 100.0}, {"": 1.0})
"""Units that one column may mix, the largest first, each with what its stored value is multiplied by."""

_UNITS = {"width": "px", "height": "px"}
"""Units of heads that are said nowhere in their cells."""

FOLLOWS = ("to", "95 %")
"""How the heads of columns begin that belong to the one before them: the ends of an interval."""

_NUMBER = re.compile(r"([+−]?)((?:\d[\d,]*)(?:\.(\d+))?)(?:·?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)? ?([a-zµA-Z×%]*)")
_WIDE_SPAN = 10_000
_MOST_PLACES = 9
_CITED = 2.0
"""Room for the number of an entry of the bibliography in brackets, in em."""


@dataclass(frozen=True)
class Column:
    """A column as printed."""

    head: str
    cells: tuple[str, ...]
    is_number: bool = False
    keys: tuple[str, ...] = ()
    """The entry of the bibliography that each cell cites; empty where it cites none."""

    @property
    def widths(self) -> list[float]:
        """The width of each cell on one line, in em."""
        cited = self.keys or ("",) * len(self.cells)
        return [width(text) + _CITED * bool(key) for text, key in zip(self.cells, cited, strict=True)]

    def latex(self, number: int) -> str:
        """The cell of a line."""
        key = self.keys[number] if self.keys else ""
        text = (latex_text if self.is_number else flowing_text)(self.cells[number])
        return rf"{text} \cite{{{key}}}" if key else text


@dataclass(frozen=True)
class _Values:
    """A column of numbers by what they are: NaN where undefined."""

    head: str
    values: tuple[float, ...]
    units: Mapping[str, float]
    places: tuple[int, ...]
    """How many decimals each defined one was written with."""
    plus: bool


def columns_of(grid: Grid, most: int) -> tuple[Column, ...]:
    """The columns of the first `most` lines of a table."""
    lines = grid.lines[:most]
    found = [_read(head, [line.cells[place] for line in lines]) for place, head in enumerate(grid.columns)]
    return tuple(_printed(found))


def numbers(head: str, values: Sequence[float | None], unit: str = "") -> Column:
    """A column of numbers already in `unit`, to three digits of the smallest, or to two where they span far."""
    known = tuple(math.nan if value is None else value for value in values)
    places = places_of([value for value in known if math.isfinite(value)])
    return _column(_Values(head, known, {unit: 1.0}, (), plus=False), unit, places)


def _read(head: str, cells: Sequence[Cell]) -> Column | _Values:
    """Numbers where every cell is one or a dash, and what it says is what it is sorted by; else text."""
    texts = tuple(cell.text for cell in cells)
    found = [None if text in {UNDEFINED, ""} else _NUMBER.fullmatch(text) for text in texts]
    known = [(match, cell) for match, cell in zip(found, cells, strict=True) if cell.text not in {UNDEFINED, ""}]
    plain = Column(_with(head, _UNITS.get(head, "")), texts)
    if not known or any(match is None or isinstance(cell.key, str) for match, cell in known):
        return plain
    units = next((scale for scale in _SCALES if {match[4] for match, _ in known if match} <= scale.keys()), None)
    if units is None or not all(match and _says(match, float(cell.key), units) for match, cell in known):
        return plain
    values = tuple(float(cell.key) if match else math.nan for match, cell in zip(found, cells, strict=True))
    places = tuple(len(match[3] or "") for match, _ in known if match)
    return _Values(plain.head, values, units, places, plus=any(match[1] == "+" for match, _ in known if match))


def _says(match: re.Match[str], key: float, units: Mapping[str, float]) -> bool:
    """Whether a number as written is `key`, but for rounding."""
    if "10" in match[0] and "⁰" <= match[0].rstrip()[-1] <= "⁹":
        return True
    written = float(match[2].replace(",", "")) * (-1 if match[1] == "−" else 1)
    place = 10.0 ** -len(match[3] or "")
    return math.isclose(written, key * units[match[4]], rel_tol=6e-3, abs_tol=0.51 * place)


def _printed(found: Iterable[Column | _Values]) -> Iterator[Column]:
    """The columns; one whose head says that it belongs to the one before it has its unit and precision."""
    bundle: list[_Values] = []
    for one in found:
        follows = isinstance(one, _Values) and one.head.startswith(FOLLOWS) and bundle and one.units == bundle[0].units
        if not follows:
            yield from _alike(bundle)
            bundle = []
        if isinstance(one, Column):
            yield one
        else:
            bundle.append(one)
    yield from _alike(bundle)


def _alike(bundle: Sequence[_Values]) -> Iterator[Column]:
    """Columns that mix units in one unit, with as many decimals; others as they are."""
    units = bundle[0].units if bundle else {}
    defined = [value for one in bundle for value in one.values if math.isfinite(value)]
    unit = _unit(defined, units) if len(units) > 1 else next(iter(units), "")
    places = places_of([value * units[unit] for value in defined])
    for one in bundle:
        yield _column(one, unit, places if len(units) > 1 else _own_places(one))


def _unit(values: Sequence[float], units: Mapping[str, float]) -> str:
    """The largest unit in which the middle of the values, by ratio, is 1 or more."""
    positive = [abs(value) for value in values if value]
    middle = math.sqrt(min(positive) * max(positive)) if positive else 0.0
    return next((unit for unit, factor in units.items() if middle * factor >= 1), list(units)[-1])


def _own_places(one: _Values) -> int:
    """As many decimals as all were written with, or as the exact ones need; else those of `places_of`."""
    factor, most = next(iter(one.units.values())), max(one.places)
    scaled = [value * factor for value in one.values if math.isfinite(value)]
    exact = all(math.isclose(value, round(value, most), rel_tol=1e-12, abs_tol=1e-12) for value in scaled)
    return most if exact or len(set(one.places)) == 1 else places_of(scaled)


def places_of(values: Sequence[float]) -> int:
    """Decimals of numbers that are written alike: three digits of the smallest that is not 0, two of a wide span."""
    positive = [abs(value) for value in values if value]
    if not positive:
        return 0
    digits = 2 if max(positive) >= _WIDE_SPAN * min(positive) else 3
    return min(max(digits - 1 - math.floor(math.log10(min(positive))), 0), _MOST_PLACES)


def _column(one: _Values, unit: str, places: int) -> Column:
    sign, factor = "+" if one.plus else "", one.units[unit]
    cells = tuple(
        signed(f"{value * factor:{sign},.{places}f}") if math.isfinite(value) else UNDEFINED for value in one.values
    )
    return Column(_with(one.head, unit), cells, is_number=True)


def _with(head: str, unit: str) -> str:
    return f"{head} ({unit})" if unit else head.replace("(/ ", "(/")


def without_repeats(columns: Sequence[Column]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns that differ between lines, and what is said of those that do not, in sentences; one column stays."""
    if not columns or len(columns[0].cells) < 2:  # noqa: PLR2004 - a single line repeats nothing
        return tuple(columns), ()
    same = [one for one in columns if len(set(one.cells)) == 1 and not any(one.keys)]
    if len(same) == len(columns):
        same = same[1:]
    empty = [one.head for one in same if one.cells[0] in {"", UNDEFINED}]
    told = [f"{one.head} {one.cells[0]}" for one in same if one.head not in empty]
    said = (*([f"In every line: {', '.join(told)}."] if told else []), *_lacking(empty))
    return tuple(one for one in columns if one not in same), said


def without_empty(columns: Sequence[Column]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns that some line has a value of, and what is said of the others."""
    empty = [one for one in columns if set(one.cells) <= {"", UNDEFINED}]
    return tuple(one for one in columns if one not in empty), tuple(_lacking([one.head for one in empty]))


def _lacking(heads: Sequence[str]) -> Iterator[str]:
    if heads:
        yield f"No line has: {', '.join(heads)}."


def numbered(columns: Sequence[Column]) -> Column:
    """The number of each line, as a column."""
    return replace(columns[0], head="line", cells=tuple(str(n + 1) for n in range(len(columns[0].cells))), keys=(),
                   is_number=True)  # fmt: skip

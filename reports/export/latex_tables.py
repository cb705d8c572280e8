"""Tables in LaTeX that fit the text of an `article`: words wrap, what is too wide becomes several parts.

They need the packages array, booktabs and longtable. All measures are in em, so they hold for every size of the font.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.draw.grid import Grid
from reports.export.columns import FOLLOWS, Column, columns_of, numbered, without_repeats
from reports.export.latex_text import chunks, flowing_text, latex_text, width

MOST_LINES = 60
"""Lines of a table in Markdown and LaTeX."""

ROOM = 32.5
"""The width of a table in em: what the text of an `article` of 10, 11 or 12 pt on A4 or letter paper has."""

_GAP = 0.8
_NARROWEST = 5.0
_WIDEST_NUMBER = 12.0
_KEYS_ROOM = 0.55
_SIZES = {"normalsize": 1.0, "small": 0.92, "footnotesize": 0.84, "scriptsize": 0.74}


@dataclass(frozen=True)
class _Placed:
    """A column with its width in em; a `wrapped` one breaks its cells."""

    column: Column
    width: float
    wrapped: bool


def long_tables(grid: Grid) -> str:
    """The table, or its parts, as `longtable`s; their captions say what their lines share and where the rest is."""
    columns, said = without_repeats(columns_of(grid, MOST_LINES))
    parts = list(_parts(columns))
    about = (f"{grid.caption}.", *said, *cut_words(grid), *filter(None, (grid.note,)))
    return "\n".join(
        _long_table(part, _part_caption(about, number, len(parts)), _label(grid.name, number))
        for number, part in enumerate(parts)
    )


def cut_words(grid: Grid) -> Iterator[str]:
    """How many lines are left out and where all are, where any are left out."""
    count = len(grid.lines)
    if count > MOST_LINES:
        left = count - MOST_LINES
        yield f"The first {MOST_LINES} of {count} lines: {left} are left out, all are in {all_lines(grid)}."


def all_lines(grid: Grid) -> str:
    """The file that has all lines of a table that is cut."""
    return f"tables/shown/{grid.name}.csv"


def whole_table(columns: Sequence[Column], caption: str, name: str) -> str:
    """A table that is not parted, as a float: in the largest type in which it fits."""
    size = next((size for size, factor in _SIZES.items() if _least(columns) <= ROOM / factor), "scriptsize")
    room = ROOM / _SIZES[size]
    placed = _placed(columns, room)
    return "\n".join((
        r"\begin{table}[tbp]",
        rf"\centering\{size}\setlength{{\tabcolsep}}{{{_GAP / 2:g}em}}",
        rf"\caption{{{flowing_text(caption)}}}\label{{{_label(name, 0)}}}\vspace{{0.5em}}",
        rf"\begin{{tabular}}{{{_preamble(placed)}}}",
        r"\toprule", _heads(placed), r"\midrule", *_lines(placed), r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
        "",
    ))  # fmt: skip


def _label(name: str, number: int) -> str:
    return f"tab:{name}{f'-{number + 1}' if number else ''}"


def _part_caption(about: Sequence[str], number: int, count: int) -> str:
    """All that is said above the first part; above the others which part it is."""
    if count == 1:
        return " ".join(about)
    part = f"Part {number + 1} of {count}."
    return " ".join((*about, part) if number == 0 else (about[0], part))


def _long_table(columns: Sequence[Column], caption: str, label: str) -> str:
    placed = _placed(columns, ROOM)
    return "\n".join((
        rf"{{\setlength{{\tabcolsep}}{{{_GAP / 2:g}em}}\setlength{{\LTcapwidth}}{{{ROOM:g}em}}",
        rf"\begin{{longtable}}{{{_preamble(placed)}}}",
        rf"\caption{{{flowing_text(caption)}}}\label{{{label}}}\\",
        r"\toprule", _heads(placed), r"\midrule\endhead", r"\bottomrule\endfoot",
        *_lines(placed),
        r"\end{longtable}}",
        "",
    ))  # fmt: skip


def _parts(columns: Sequence[Column]) -> Iterator[list[Column]]:
    """The columns in as few parts as they fit in, each led by the columns that tell its lines apart."""
    if _least(columns) <= ROOM:
        yield list(columns)
        return
    keys = _keys(columns)
    if len(keys) == len(columns) or _least(keys) > _KEYS_ROOM * ROOM:
        keys, others = [numbered(columns)], list(columns)
    else:
        others = list(columns[len(keys) :])
    part: list[Column] = []
    for bundle in _bundles(others):
        for piece in [bundle] if _least([*keys, *bundle]) <= ROOM else [[one] for one in bundle]:
            if part and _least([*keys, *part, *piece]) > ROOM:
                yield [*keys, *part]
                part = []
            part.extend(piece)
    yield [*keys, *part]


def _keys(columns: Sequence[Column]) -> list[Column]:
    """The fewest first columns of which no two lines have the same; all where there is no such."""
    for count in range(1, len(columns)):
        own = columns[:count]
        lines = list(zip(*(one.cells for one in own), strict=True))
        if len(set(lines)) == len(lines):
            return list(own)
    return list(columns)


def _bundles(columns: Sequence[Column]) -> Iterator[list[Column]]:
    """Columns with those that belong to them: the ends of an interval."""
    bundle: list[Column] = []
    for one in columns:
        if bundle and not one.head.startswith(FOLLOWS):
            yield bundle
            bundle = []
        bundle.append(one)
    if bundle:
        yield bundle


def _wraps(column: Column) -> bool:
    return not column.is_number or _natural(column) > _WIDEST_NUMBER


def _natural(column: Column) -> float:
    return max(column.widths, default=0.0)


def _smallest(column: Column) -> float:
    """The least width of a column: its widest word, and of a number the whole of it."""
    words = max((width(part) for word in column.head.split(" ") for part in chunks(word)), default=0.0)
    own = _natural(column)
    return max(words, min(own, _longest_word(column)) if _wraps(column) else own)


def _longest_word(column: Column) -> float:
    """The widest piece of a cell that is not broken, and room for a few words more."""
    pieces = (width(part) for text in column.cells for word in text.split(" ") for part in chunks(word))
    return max(_NARROWEST, *pieces, 0.0) + 0.3


def _least(columns: Sequence[Column]) -> float:
    return sum(map(_smallest, columns)) + _GAP * (len(columns) - 1)


def _placed(columns: Sequence[Column], room: float) -> list[_Placed]:
    """Every column as wide as it wants to be or, where that is too much, with an equal share of what is left."""
    least = [_smallest(one) for one in columns]
    wanted = [max(_natural(one), small) for one, small in zip(columns, least, strict=True)]
    left = room - sum(least) - _GAP * (len(columns) - 1)
    widths = list(least)
    by_lack = sorted(range(len(columns)), key=lambda place: wanted[place] - least[place])
    for count, place in enumerate(by_lack):
        more = min(wanted[place] - least[place], max(left, 0.0) / (len(by_lack) - count))
        widths[place], left = widths[place] + more, left - more
    return [
        _Placed(one, wide, _wraps(one) and _natural(one) > wide + 1e-9)
        for one, wide in zip(columns, widths, strict=True)
    ]


def _preamble(placed: Sequence[_Placed]) -> str:
    kinds = [
        rf">{{\raggedright\arraybackslash}}p{{{one.width:.2f}em}}" if one.wrapped else "lr"[one.column.is_number]
        for one in placed
    ]
    return f"@{{}}{''.join(kinds)}@{{}}"


def _heads(placed: Sequence[_Placed]) -> str:
    """The heads, each broken into lines as wide as its column."""
    return " & ".join(map(_head, placed)) + r" \\"


def _head(one: _Placed) -> str:
    lines = [""]
    for number, part in enumerate(part for word in one.column.head.split(" ") for part in [*chunks(word), " "]):
        if number and part != " " and width(lines[-1] + part) > one.width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += part
    side = "r" if one.column.is_number else "l"
    body = r" \\ ".join(latex_text(line.strip()) for line in lines)
    return body if len(lines) == 1 else rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{body}\end{{tabular}}"


def _lines(placed: Sequence[_Placed]) -> Iterator[str]:
    for number in range(len(placed[0].column.cells)):
        yield " & ".join(one.column.latex(number) for one in placed) + r" \\"

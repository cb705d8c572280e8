"""Where in a TOML text a value was written: the line of each table, key and array of tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w.\"' -]+?)\s*=")
_QUOTED = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'')

Place = tuple[str | int, ...]
"""Keys and indices from the top of the document, as pydantic gives them."""


def line_of(text: str, place: Sequence[str | int]) -> int:
    """The line, from 1, on which the value at `place` begins; that of the nearest table around it where it has none."""
    lines = dict(_places(text))
    known = tuple(place)
    while known and known not in lines:
        known = known[:-1]
    return lines.get(known, 1)


def _places(text: str) -> Iterator[tuple[Place, int]]:
    """Every table and key with its line; values are passed over, however many lines they take."""
    counts: Counter[Place] = Counter()
    table: Place = ()
    depth, fence = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not fence and depth == 0:
            if header := _HEADER.match(line):
                table = _entered(_keys(header[2]), counts, many=header[1] == "[[")
                yield table, number
                continue
            if key := _KEY.match(line):
                place = (*table, *_keys(key[1]))
                yield place, number
                yield from ((found, number) for found in _inline(place, line[key.end() :]))
        depth, fence = _after(line, depth, fence)


def _entered(keys: Place, counts: Counter[Place], *, many: bool) -> Place:
    """The place of a header's table, with the index of the last element of each array of tables on the way."""
    place: Place = ()
    for position, key in enumerate(keys):
        place = (*place, key)
        if many and position == len(keys) - 1:
            counts[place] += 1
        if counts[place]:
            place = (*place, counts[place] - 1)
    for deeper in [known for known in counts if len(known) > len(place) and known[: len(place)] == place and many]:
        counts[deeper] = 0
    return place


def _inline(place: Place, value: str) -> Iterator[Place]:
    """The keys of an inline table on one line."""
    if value.lstrip().startswith("{"):
        for key in re.findall(r"[{,]\s*([\w-]+)\s*=", value):
            yield (*place, key)


def _keys(dotted: str) -> Place:
    return tuple(key.strip().strip("\"'") for key in dotted.split("."))


def _after(line: str, depth: int, fence: str) -> tuple[int, str]:
    """How many brackets are open after `line`, and which multi-line string."""
    if fence:
        _, found, line = line.partition(fence)
        if not found:
            return depth, fence
    plain = _QUOTED.sub(lambda quoted: quoted[0] if len(quoted[0]) == 3 and quoted[0][0] * 3 == quoted[0] else "", line)  # noqa: PLR2004
    for mark in ('"""', "'''"):
        if mark in plain:
            plain, _, rest = plain.partition(mark)
            if mark not in rest:
                return depth + _opened(plain), mark
    return depth + _opened(plain.partition("#")[0]), ""


def _opened(plain: str) -> int:
    return sum(plain.count(mark) for mark in "[{") - sum(plain.count(mark) for mark in "]}")

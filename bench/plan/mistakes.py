"""What is wrong with a table of TOML, in words: pydantic's complaints, one for each mistake that was made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from pydantic import ValidationError

from bench.plan.toml_lines import Place, line_of

_KINDS = ("bool", "int", "float", "str")
"""What an option may be; a value that is none of them has one complaint of each."""


@dataclass(frozen=True)
class Mistake:
    """One mistake: its place, what is wrong there, and which key was meant where that can be told."""

    place: Place
    said: str
    given: str
    kind: str
    meant: str = ""

    def __str__(self) -> str:
        """On one line."""
        place = ".".join(str(part) for part in self.place) or "top level"
        meant = f"; did you mean {self.meant}?" if self.meant else ""
        return f"{place}: {self.said}, got {self.given!r}{meant}"


def first_fault(error: ValidationError) -> str:
    """The first mistake: its place, what is wrong, the value that it is about, and how many more there are."""
    return _told(_mistakes(error))


def fault_with_line(error: ValidationError, text: str) -> str:
    """As `first_fault`, after the line of the TOML `text` on which that mistake was made."""
    found = _mistakes(error)
    return f"{line_of(text, found[0].place)}: {_told(found)}"


def _told(found: list[Mistake]) -> str:
    return f"{found[0]} (and {len(found) - 1} more)" if len(found) > 1 else str(found[0])


def _mistakes(error: ValidationError) -> list[Mistake]:
    """One for each place; a key that is missing because it is misspelt is told as the misspelt one."""
    single = {one.place: one for one in _complaints(error)}
    found = [one for one in single.values() if not any(_inside(other, one.place) for other in single)]
    meant = {one.place: _meant(one, found) for one in found if one.kind == "extra_forbidden"}
    misspelt = {(*place[:-1], name) for place, name in meant.items()}
    return [replace(one, meant=meant.get(one.place, "")) for one in found if one.place not in misspelt]


def _meant(unknown: Mistake, found: Iterable[Mistake]) -> str:
    """The missing key of the same table that an unknown key is nearest to; empty where it is near none."""
    missing = [one for one in found if one.kind == "missing" and one.place[:-1] == unknown.place[:-1]]
    near = get_close_matches(str(unknown.place[-1]), [str(one.place[-1]) for one in missing], n=1)
    return near[0] if near else ""


def _complaints(error: ValidationError) -> Iterator[Mistake]:
    for one in error.errors(include_url=False):
        place, said = one["loc"], one["msg"].removeprefix("Value error, ")
        if place[-1:] and place[-1] in _KINDS and one["type"].endswith("_type"):
            place, said = place[:-1], "expected true, false, a number or a text"
        yield Mistake(place, said, str(one["input"])[:60], one["type"])


def _inside(place: Place, outer: Place) -> bool:
    """Whether `place` lies within `outer`, whose own complaint then only follows from it."""
    return len(place) > len(outer) and place[: len(outer)] == outer

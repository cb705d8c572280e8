"""The leaderboard as the page shows it: methods on each kind of input, their variants, and bars in the cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.derive.leaderboard import Entry, Leaderboard, Place
from reports.draw.number_text import UNDEFINED, count_text, counted, figure_text, gain_text as signed_gain, listed
from reports.sections.chooser import title
from reports.sections.words import words


@dataclass(frozen=True)
class Figure:
    """A number in a cell, with its interval in small letters and a bar over `share` of the cell."""

    text: str
    small: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Row:
    """One way to restore."""

    name: str
    figures: tuple[Figure, ...]
    is_reference: bool = False


@dataclass(frozen=True)
class Board:
    """The leaderboard of one kind of input, as text."""

    kind: str
    sigma: float
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Row, tuple[Row, ...]], ...]
    """Each method, and its other variants with as many figures as `shared` says."""
    note: str
    shared: int = 5


def boards(found: Sequence[Leaderboard]) -> tuple[Board, ...]:
    """Every leaderboard, in this order."""
    return tuple(_board(one) for one in found)


def _board(board: Leaderboard) -> Board:
    name, db, images = board.reference.name, f"{board.reference.db:.2f}", counted(board.images, "image")
    columns = (
        "method", f"mean PSNR of {images} (dB)", f"gain over {name}, {images} (dB)", "time (ms / MP)",
        f"time over that of {name}", "memory (MiB / MP)",
        f"to reach {db} dB (ms / MP)", "parameters", "licence",
    )  # fmt: skip
    every = [place for entry in board.entries for place in (entry.head, *entry.variants)]
    scale = _Scale.of(every)
    rows = tuple(_rows(board, entry, scale) for entry in board.entries)
    note = words("leaderboard.note", images=images, reference=name)
    note = " ".join((note, *size_words(board), *apart_words(board)))
    return Board(board.kind, board.sigma, title(board.kind, board.sigma), columns, rows, note)


def size_words(board: Leaderboard) -> Iterator[str]:
    """At which sizes the times were taken, and which method is set against no other for that."""
    every = [place for entry in board.entries for place in (entry.head, *entry.variants)]
    timed = [place.candidate for place in every if place.candidate.ms is not None]
    sizes = {size: [one.name for one in timed if one.size == size] for size in dict.fromkeys(one.size for one in timed)}
    if len(sizes) == 1:
        yield words("leaderboard.one_size", size=next(iter(sizes)))
    elif sizes:
        yield words("leaderboard.sizes", sizes="; ".join(f"{size} for {listed(own)}" for size, own in sizes.items()))
        alone = [place.candidate.name for place in every if place.candidate.ms is not None and place.times is None]
        if alone and board.reference.ms is not None:
            yield words("leaderboard.no_common_size", methods=listed(alone), reference=board.reference.name)


def apart_words(board: Leaderboard) -> Iterator[str]:
    """Which methods the images do not tell apart, where there are several methods."""
    tests, reference = counted(board.tested, "comparison"), board.reference.name
    if board.tested and board.images == 1:
        yield words("leaderboard.one_image")
    elif board.alike:
        pairs = listed(f"{one} from {other}" for one, other in board.alike)
        yield words("leaderboard.alike", tests=tests, pairs=pairs)
    elif board.tested:
        yield words("leaderboard.apart", tests=tests, reference=reference)


def _rows(board: Leaderboard, entry: Entry, scale: _Scale) -> tuple[Row, tuple[Row, ...]]:
    head = _row(board, entry.head, scale)
    own = (
        Figure(matched_text(entry, board.reference.db)),
        Figure(UNDEFINED if entry.parameters is None else count_text(entry.parameters)),
        Figure(entry.head.candidate.licence or UNDEFINED),
    )
    whole = Row(head.name, (*head.figures, *own), head.is_reference)
    return whole, tuple(_row(board, place, scale) for place in entry.variants)


def _row(board: Leaderboard, place: Place, scale: _Scale) -> Row:
    one = place.candidate
    reference = one == board.reference
    figures = (
        Figure(f"{one.db:.2f}"),
        Figure(UNDEFINED if reference else gain_text(place), reach_text(place), scale.gain(place)),
        Figure(UNDEFINED if one.ms is None else figure_text(one.ms), spread_text(place), scale.time(place)),
        Figure(times_cell(place) or UNDEFINED, size_cell(place)),
        Figure(UNDEFINED if one.mib is None else figure_text(one.mib)),
    )
    return Row(one.name, figures, reference)


@dataclass(frozen=True)
class _Scale:
    """What the longest bars of a board stand for: gains from the worst, times by their logarithm."""

    worst: float
    best: float
    fastest: float
    slowest: float

    @staticmethod
    def of(places: Sequence[Place]) -> _Scale:
        levels = [place.candidate.db for place in places]
        times = [place.candidate.ms for place in places if place.candidate.ms] or [1.0]
        return _Scale(min(levels), max(levels), min(times), max(times))

    def gain(self, place: Place) -> float:
        return (place.candidate.db - self.worst) / (self.best - self.worst) if self.best > self.worst else 0.0

    def time(self, place: Place) -> float:
        one = place.candidate
        if not one.ms or self.slowest <= self.fastest:
            return 0.0
        return 0.04 + 0.96 * math.log(one.ms / self.fastest) / math.log(self.slowest / self.fastest)


def gain_text(place: Place) -> str:
    """The gain with its sign: `+1.54`, `−0.16`."""
    return signed_gain(place.gain.mean)


def reach_text(place: Place) -> str:
    """Half the interval of the gain: `±0.12`; nothing where there is none."""
    half = place.gain.high - place.gain.mean
    return f"±{half:.2f}" if math.isfinite(half) and half > 0 else ""


def spread_text(place: Place) -> str:
    """The interval of the median time: `17.0 to 17.3`; nothing where there is none."""
    low, high = place.candidate.low, place.candidate.high
    return f"{figure_text(low)} to {figure_text(high)}" if low and high else ""


def times_cell(place: Place) -> str:
    """Its time over that of the reference: `63.1`; nothing where the two were not timed at one size."""
    return "" if place.times is None else figure_text(place.times.value)


def size_cell(place: Place) -> str:
    """At which size the two were set against each other, where that is not the one of the time shown."""
    return "" if place.times is None or place.times.size == place.candidate.size else f"at {place.times.size}"


def matched_text(entry: Entry, db: float) -> str:
    """When a method reaches `db`: `17.1`, `at most 550`, `not reached`; `not timed` where what reaches it was not."""
    matched = entry.matched
    if matched is None:
        reaches = any(place.candidate.db >= db for place in (entry.head, *entry.variants))
        return words("leaderboard.not_timed") if reaches else words("leaderboard.not_reached")
    time = figure_text(matched.ms)
    return words("leaderboard.at_most", time=time) if matched.at_most else time

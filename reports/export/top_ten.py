"""The ten best methods on each kind of input as a table of a paper, each citing its entry of the bibliography."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from reports.derive.candidates import candidates
from reports.derive.leaderboard import Leaderboard, Place, leaderboards
from reports.draw.number_text import UNDEFINED, count_text, counted, signed
from reports.draw.sheet import slug
from reports.export.columns import Column, numbers, places_of, without_empty
from reports.export.latex_tables import whole_table
from reports.page import Report, day
from reports.sections.chooser import title
from reports.sections.environment import machine

MOST = 10


def top_tens(report: Report, keys: Mapping[str, str]) -> dict[str, str]:
    """The table of each kind of input by its name; `keys` are the entries of the bibliography by method."""
    found = leaderboards(report.summary, candidates(report.summary, report.run.listed("methods")))
    where = f"Measured on {machine(report.run)}, {day(report.run)}."
    return dict(_top_ten(board, keys, where) for board in found)


def _top_ten(board: Leaderboard, keys: Mapping[str, str], where: str) -> tuple[str, str]:
    """The name and the table of one kind of input; `where` is said at the end of its caption."""
    name = slug(f"top-ten {title(board.kind, board.sigma)}".replace(", ", " ").replace("×", "x"))
    columns, said = without_empty(_columns(board, keys))
    return name, whole_table(columns, " ".join((_caption(board), *said, where)), name)


def _caption(board: Leaderboard) -> str:
    count, reference = len(board.entries), board.reference.name
    which = f"the {MOST} best of {count} methods" if count > MOST else counted(count, "method")
    number = f"n\u00a0=\u00a0{counted(board.images, 'image')}"
    return (
        f"{title(board.kind, board.sigma)}: {which} by mean PSNR over {number}, the best first. Gain over {reference}, "
        "paired by image, with half its 95 % interval; median time of a megapixel of output (MP) with its 95 % "
        "interval; peak memory above the built method; learnt parameters."
    )


def _columns(board: Leaderboard, keys: Mapping[str, str]) -> tuple[Column, ...]:
    entries = board.entries[:MOST]
    places = [entry.head for entry in entries]
    ones = [place.candidate for place in places]
    names = Column("method", tuple(one.name for one in ones), keys=tuple(keys.get(one.method, "") for one in ones))
    parameters = tuple(UNDEFINED if entry.parameters is None else count_text(entry.parameters) for entry in entries)
    return (
        names,
        Column("PSNR (dB)", tuple(f"{one.db:.2f}" for one in ones), is_number=True),
        Column("gain (dB)", tuple(_gain(place, board) for place in places), is_number=True),
        *_times(places),
        numbers("memory (MiB/MP)", [one.mib for one in ones]),
        Column("parameters", parameters, is_number=True),
    )


def _gain(place: Place, board: Leaderboard) -> str:
    """The gain over the reference and half its interval; nothing of either is said of the reference itself."""
    if place.candidate == board.reference:
        return UNDEFINED
    half = place.gain.high - place.gain.mean
    return signed(f"{place.gain.mean:+.2f}") + (f" ± {half:.2f}" if math.isfinite(half) and half > 0 else "")


def _times(places: Sequence[Place]) -> Iterable[Column]:
    """The times and their intervals, to as many decimals."""
    ones = [place.candidate for place in places]
    decimals = places_of([value for one in ones for value in (one.ms, one.low, one.high) if value])
    for head, values in (
        ("time (ms/MP)", [(one.ms,) for one in ones]),
        ("95 % interval (ms/MP)", [(one.low, one.high) for one in ones]),
    ):
        texts = (" to ".join(f"{end:,.{decimals}f}" for end in ends if end) or UNDEFINED for ends in values)
        yield Column(head, tuple(texts), is_number=True)

"""Names beside what they name: at the right of lines, around points, and none over another name or a point.

The names of lines that end at the right stand in a column there, moved apart where the ends are close, with a thin line
to the end of each. Others stand next to their point, at the nearest place that is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.text import Annotation
from matplotlib.textpath import text_to_path

GAP = 6.0
"""Points between a mark and its name."""

_LEADING = 1.3
_NEAR_RIGHT = 0.92
_MARK = 4.0
_ROUND = tuple(np.radians((0, 25, -25, 180, 155, -155, 60, -60, 120, -120, 90, -90)))
_STEPS = (0.0, 10.0, 22.0, 36.0, 52.0)
_FAR = 10.0
_ALONG = 60


@dataclass(frozen=True)
class Name:
    """What is written, and the place in data units that it belongs to."""

    text: str
    x: float
    y: float
    color: str
    series: str


def size() -> float:
    """Points of the font of names: one less than that of the other text."""
    return float(mpl.rcParams["font.size"]) - 1


def width_of(text: str) -> float:
    """About how wide `text` is, in points: in DejaVu Sans, as the reader's font is not known and few are wider."""
    return float(
        text_to_path.get_text_width_height_descent(text, FontProperties(family="DejaVu Sans", size=size()), False)[0]
    )


def at_right(names: Iterable[Name], axes: Axes) -> tuple[list[Name], list[Name]]:
    """The names whose place is at the right end of the axes, and the others; nothing undefined is among them."""
    column: list[Name] = []
    others: list[Name] = []
    for name in names:
        place = axes.transAxes.inverted().transform(axes.transData.transform((name.x, name.y)))
        if np.isfinite(place).all():
            (column if place[0] >= _NEAR_RIGHT else others).append(name)
    return column, others


def write_column(axes: Axes, names: Sequence[Name]) -> Iterator[tuple[Name, Annotation]]:
    """The names at the right of the axes, in the order of their places."""
    scale = 72 / axes.figure.dpi
    ordered = sorted(names, key=lambda name: name.y)
    places = [float(axes.transData.transform((name.x, name.y))[1]) * scale for name in ordered]
    right, low, high = axes.bbox.x1 * scale, axes.bbox.y0 * scale, axes.bbox.y1 * scale
    for name, own, place in zip(ordered, places, apart(places, _LEADING * size(), low, high), strict=True):
        start = float(axes.transData.transform((name.x, name.y))[0]) * scale
        offset = (right - start + 2 * GAP, place - own)
        yield name, _write(axes, name, offset, "left", lead=True)


def apart(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Rising `places` moved until neighbours are `least` apart, and within `low` and `high` where there is room."""
    moved = list(places)
    for _ in range(60):
        for number in range(1, len(moved)):
            lacking = least - (moved[number] - moved[number - 1])
            if lacking > 0:
                moved[number - 1] -= lacking / 2
                moved[number] += lacking / 2
        if moved and (least * (len(moved) - 1)) <= high - low:
            moved[0], moved[-1] = max(moved[0], low), min(moved[-1], high)
    for number in range(1, len(moved)):
        moved[number] = max(moved[number], moved[number - 1] + least)
    return moved


def write_around(
    axes: Axes, names: Sequence[Name], drawn: Sequence[np.ndarray], struck: Sequence[np.ndarray] = ()
) -> Iterator[tuple[Name, Annotation]]:
    """Each name next to its point, the first ones first, and over nothing that is `drawn` (points in data units).

    Where there is such a place, it is not over the lines `struck` either, and no line that leads to a name crosses
    another name. A name for which no place is free near its point is not written.
    """
    scale = 72 / axes.figure.dpi
    paths, dots = (
        [axes.transData.transform(points) * scale for points in many if len(points)] for many in (struck, drawn)
    )
    lines = np.concatenate([np.empty((0, 4)), *(_around(_between(points), 1.0) for points in paths)])
    taken = _around(np.concatenate(dots), _MARK) if dots else np.empty((0, 4))
    taken = np.concatenate([taken, *(_around(_between(points), 1.0) for points in dots)])
    marks = len(taken)
    inside = np.array(axes.bbox.extents) * scale + (-GAP, -2, GAP, 0)
    leads = np.empty((0, 4))
    for name in names:
        point, written = axes.transData.transform((name.x, name.y)) * scale, taken[marks:]
        free = [
            (box, offset, side, far, lead)
            for box, offset, side, far in _places(point, width_of(name.text))
            if (box[:2] >= inside[:2]).all() and (box[2:] <= inside[2:]).all() and not _overlapping(box, taken)
            for lead in [_around(_between(np.array([point, point + offset])), 0.5)[: None if far else 0]]
        ]
        if free:
            uncrossed = [one for one in free if not (_overlapping(one[0], leads) or _any_overlapping(one[4], written))]
            clear = (one for one in uncrossed if not _overlapping(one[0], lines))
            box, offset, side, far, lead = next(clear, (uncrossed or free)[0])
            taken, leads = np.concatenate([taken, [box]]), np.concatenate([leads, lead])
            yield name, _write(axes, name, offset, side, lead=far)


def _around(points: np.ndarray, reach: float) -> np.ndarray:
    """A box around each point."""
    return np.concatenate([points - reach, points + reach], axis=1)


def _between(points: np.ndarray) -> np.ndarray:
    """Places along the line through the points, close enough that no name fits between two of them."""
    steps = np.linspace(0, len(points) - 1, (len(points) - 1) * _ALONG + 1)
    return np.stack([np.interp(steps, range(len(points)), points[:, axis]) for axis in (0, 1)], axis=1)


def _overlapping(box: np.ndarray, taken: np.ndarray) -> bool:
    return bool(((box[:2] < taken[:, 2:]) & (box[2:] > taken[:, :2])).all(axis=1).any())


def _any_overlapping(boxes: np.ndarray, taken: np.ndarray) -> bool:
    return any(_overlapping(box, taken) for box in boxes)


def _places(point: np.ndarray, width: float) -> Iterator[tuple[np.ndarray, tuple[float, float], str, bool]]:
    """Where a name of this width may stand, the nearest first: its box, its offset, its side, and whether it is far."""
    line = _LEADING * size()
    for step in _STEPS:
        for angle in _ROUND:
            across, up = (GAP + step) * np.cos(angle), (GAP + step) * np.sin(angle)
            side = "left" if across > 1 else "right" if across < -1 else "center"
            left = point[0] + across - {"left": 0, "right": width, "center": width / 2}[side]
            middle = point[1] + up + np.sign(round(up, 6)) * (0 if abs(across) > 1 else line / 2)
            box = np.array([left, middle - line / 2, left + width, middle + line / 2])
            yield box, (float(across), float(middle - point[1])), side, step >= _FAR


def _write(axes: Axes, name: Name, offset: tuple[float, float], side: str, *, lead: bool) -> Annotation:
    line = {"arrowstyle": "-", "color": name.color, "linewidth": 0.6, "alpha": 0.6, "shrinkA": 1, "shrinkB": 4}
    return axes.annotate(
        name.text,
        (name.x, name.y),
        offset,
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=size(),
        color=name.color,
        annotation_clip=False,
        arrowprops=line if lead else None,
        zorder=4,
    )

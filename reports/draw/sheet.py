"""One pair of axes: lines, points, intervals and the legend, drawn with seaborn and Matplotlib, as a `Chart`."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, LogFormatter, LogLocator, NullLocator

from reports.draw.look import Chart, Look, Marks, Palette, tag
from reports.draw.names import GAP, Name, at_right, width_of, write_around, write_column
from reports.draw.number_text import power_text, seconds_text

WIDE = (5.6, 3.8)
MOST_MARKS = 40
MOST_SERIES = 24
"""More lines than this in one figure cannot be distinguished: the first are drawn, the tables have all."""
_FEW_DECADES = 2.2
_LONGEST_SLUG = 40
_LONGEST_LABEL = 52

Numbers = Iterable[float]


@dataclass
class Sheet:
    """One pair of axes and the marks that were drawn on it."""

    size: tuple[float, float] = WIDE
    figure: Figure = field(init=False)
    axes: Axes = field(init=False)
    marks: dict[str, Marks] = field(default_factory=dict)
    drawn: list[np.ndarray] = field(default_factory=list)
    """The points of each series, which no name may cover."""
    struck: list[np.ndarray] = field(default_factory=list)
    """The lines without marks, which a name covers only where there is no other place for it."""
    written: list[Name] = field(default_factory=list)
    """The names that stand beside lines and points."""

    def __post_init__(self) -> None:
        width, height = self.size
        self.figure = Figure(figsize=(width * shrunk(), height * shrunk()), layout="constrained")
        self.axes = self.figure.subplots()

    def line(self, x: Numbers, y: Numbers, *, name: str, look: Look, tips: Sequence[str], dashed: str = "") -> None:
        """A line with a marked point for each tip, its name at its end; of many points only some are marked."""
        x, y = list(x), list(y)
        every = max(-(-len(tips) // MOST_MARKS), 1)
        sns.lineplot(
            x=x,
            y=y,
            ax=self.axes,
            color=look.color,
            marker=look.marker,
            label=name,
            estimator=None,
            linestyle=dashed or look.dash,
            markeredgewidth=0.8,
            markevery=every,
        )
        self.marks[tag(self.axes.lines[-1], name, len(self.marks))] = Marks(tuple(tips)[::every], name)
        self.drawn.append(np.array([x, y], dtype=float).T)
        if x:
            self.name(name, x[-1], y[-1], look=look)

    def points(
        self, x: Numbers, y: Numbers, *, name: str, look: Look, tips: Iterable[str], link: str = "", text: str = ""
    ) -> None:
        """Points without a line; `text` is written beside the last of them."""
        x, y = list(x), list(y)
        (line,) = self.axes.plot(
            x,
            y,
            look.marker,
            color=look.color,
            markersize=mpl.rcParams["lines.markersize"] + 1,
            markeredgecolor="#ffffff",
            markeredgewidth=0.8,
            label=name,
            zorder=3,
        )
        self.marks[tag(line, name, len(self.marks))] = Marks(tuple(tips), name, (link,) if link else ())
        self.drawn += [np.array([place], dtype=float) for place in zip(x, y, strict=True)]
        if text and x:
            self.name(text, x[-1], y[-1], look=look, series=name)

    def name(self, text: str, x: float, y: float, *, look: Look, series: str = "") -> None:
        """Writes `text` beside a place, as a part of `series`."""
        self.written.append(Name(short(text, round(30 * shrunk())), float(x), float(y), look.color, series or text))

    def bars(self, at: Numbers, low: Numbers, high: Numbers, *, name: str, look: Look, across: bool = False) -> None:
        """Intervals at these abscissas or, `across`, at these ordinates; those that are undefined are left out."""
        ends = np.array([*zip(at, low, high, strict=True)], dtype=float).reshape(-1, 3)
        draw = self.axes.hlines if across else self.axes.vlines
        drawn = draw(*ends[np.isfinite(ends).all(axis=1)].T, color=look.color, linewidth=1.3)
        self.marks[tag(drawn, name, len(self.marks))] = Marks((), name)
        for place, start, end in ends[np.isfinite(ends).all(axis=1)]:
            self.struck.append(np.array([[start, place], [end, place]] if across else [[place, start], [place, end]]))

    def steps(self, x: Numbers, y: Numbers, *, color: str) -> None:
        """A thin line that keeps each height to the next abscissa, behind all else."""
        corners = np.array([*zip(x, y, strict=True)], dtype=float).reshape(-1, 2)
        self.axes.plot(*corners.T, color=color, linewidth=1, drawstyle="steps-post", zorder=1)
        if len(corners):
            x, y = np.repeat(corners[:, 0], 2)[1:], np.repeat(corners[:, 1], 2)[:-1]
            self.struck.append(np.stack([x, y], axis=1))

    def estimate(self, place: float, value: float, low: float, high: float, *, name: str, look: Look, tip: str) -> None:
        """A value with its horizontal interval at the height `place`."""
        self.bars([place], [low], [high], name=name, look=look, across=True)
        self.points([value], [place], name=name, look=look, tips=[tip])

    def names(self, names: Iterable[object], most: int) -> None:
        """Names along the ordinate, the first at the top: of at most `most` characters, if that tells them apart."""
        shown = shortened(names, round(most * shrunk()))
        self.axes.set_yticks(range(len(shown)), shown)
        self.axes.set_ylim(len(shown) - 0.5, -0.5)

    def chart(self, name: str, title: str, finding: str, *, columns: int = 0) -> Chart:
        """The finished chart: names beside lines and points or, of points in rows, in so many columns below."""
        self._legend(columns)
        for axis in (self.axes.xaxis, self.axes.yaxis):
            axis.set_minor_locator(NullLocator())  # costly, and says nothing
            if axis.get_scale() == "log" and not isinstance(axis.get_major_locator(), FixedLocator):
                low, high = axis.get_view_interval()
                narrow = float(high) / max(float(low), 1e-300) < 10 ** (_FEW_DECADES * shrunk())
                axis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if narrow else (1,), numticks=9))
                if isinstance(axis.get_major_formatter(), LogFormatter):
                    axis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value)))
        self._lay_out()
        return Chart(name, title, finding, self.figure, self.marks)

    def _lay_out(self) -> None:
        """Lays the figure out once (saving would do it again, drawing all twice), and writes the names."""
        for axis in (self.axes.xaxis, self.axes.yaxis):
            axis.set_label_text(textwrap.fill(axis.get_label_text(), round(_LONGEST_LABEL * shrunk())))
        column, others = at_right(self.written, self.axes)
        engine = self.figure.get_layout_engine()
        if isinstance(engine, ConstrainedLayoutEngine):
            room = max((width_of(name.text) for name in column), default=-2 * GAP) + 2 * GAP
            engine.set(rect=(0, 0, 1 - room / 72 / self.figure.get_size_inches()[0], 1))
            engine.execute(self.figure)
            self.figure.set_layout_engine(None)  # `"none"` would draw all twice, as well
        for name, text in (*write_column(self.axes, column), *write_around(self.axes, others, self.drawn, self.struck)):
            self.marks[tag(text, name.series, len(self.marks))] = Marks((), name.series)

    def _legend(self, columns: int) -> None:
        if (own := self.axes.get_legend()) is not None:
            own.remove()
        handles, names = self.axes.get_legend_handles_labels()
        if handles and columns:
            columns = 1 if max(map(len, names)) > 30 * shrunk() else columns
            width, height = self.figure.get_size_inches()
            self.figure.set_size_inches(width, height + 0.2 * shrunk() * max(-(-len(names) // columns) - 2, 0))
            names = shortened(names, round(40 * shrunk()))
            self.figure.legend(handles, names, loc="outside lower left", ncols=columns)


@dataclass(frozen=True)
class Ink:
    """What all figures of a page share: looks of the methods and where a method's name leads."""

    palette: Palette
    anchors: Mapping[str, str]


def shrunk() -> float:
    """How wide a figure of the style in force is, over one of the page."""
    return float(mpl.rcParams["figure.figsize"][0]) / WIDE[0]


def limited(groups: Any) -> Iterator[tuple[Any, pd.DataFrame]]:
    """The first groups, as many as one figure can hold."""
    return islice(groups, MOST_SERIES)


def few(table: pd.DataFrame, by: str | list[str]) -> tuple[pd.DataFrame, int]:
    """The lines of as many series as one figure can hold, the first ones, and how many series are left out."""
    number = table.groupby(by, sort=False, observed=True).ngroup()
    return table[number < MOST_SERIES], max(int(number.max()) + 1 - MOST_SERIES, 0)


def pixels_axis(axes: Axes) -> None:
    """An abscissa of pixels, in megapixels."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:g}"))
    axes.set_xlabel("output megapixels")


def seconds_axis(axis: Any, label: str) -> None:
    """An axis of durations, each tick with its unit."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: seconds_text(value) if value > 0 else "0"))
    axis.set_label_text(label)


def short(name: object, most: int = 40) -> str:
    """`name`, its middle left out where it has more than `most` characters."""
    text = str(name)
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def shortened(names: Iterable[object], most: int) -> list[str]:
    """Each of `names` in at most `most` characters, or in as many as tell them apart."""
    texts = [str(name) for name in names]
    rooms = range(most, max(map(len, texts), default=0))
    enough = (room for room in rooms if len({short(text, room) for text in texts}) == len({*texts}))
    return [short(text, next(enough, rooms.stop)) for text in texts]


def slug(text: str) -> str:
    """`text` as part of an id: at most 40 ASCII letters, digits and dashes; a longer one ends in a mark of its own."""
    plain = re.sub(r"[^a-z0-9]", "-", text.lower()).strip("-") or "x"
    mark = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:6]
    return plain if len(plain) <= _LONGEST_SLUG else f"{plain[: _LONGEST_SLUG - 7]}-{mark}"

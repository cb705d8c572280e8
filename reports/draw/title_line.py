"""The lines above a figure that stands alone: what it shows, and of which methods, machine and day."""

from __future__ import annotations

import re
import textwrap

import matplotlib as mpl

from reports.draw.look import Chart
from reports.draw.number_text import listed

_LETTER = 0.56
_LEADING = 1.25
_SIGMA = re.compile(r"\bsigma (\d+(?:\.\d+)?)")


def write_title(chart: Chart, origin: tuple[str, str]) -> None:
    """Makes room above the axes of `chart` and writes there its title, its sigmas, and `origin`: before and after them.

    The sigmas are those that its title or else its finding names.
    """
    figure, small = chart.figure, float(mpl.rcParams["font.size"]) - 1
    width, height = figure.get_size_inches()
    letters = int(width * 72 / (_LETTER * small)) - 2
    named = [] if _SIGMA.search(chart.title) else sorted({float(text) for text in _SIGMA.findall(chart.finding)})
    sigmas = [f"sigma {listed((f'{sigma:g}' for sigma in named), 12)}"] if named else []
    before, after = origin
    facts = textwrap.wrap(", ".join((before, *sigmas, after)), letters)
    lines = [(line, "bold") for line in textwrap.wrap(chart.title, letters - 4)] + [(line, "normal") for line in facts]
    step = _LEADING * small / 72
    taller = height + step * (len(lines) + 0.6)
    figure.set_size_inches(width, taller)
    for axes in figure.axes:
        place = axes.get_position()
        axes.set_position((place.x0, place.y0 * height / taller, place.width, place.height * height / taller))
    for number, (line, weight) in enumerate(lines):
        above = 1 - step * (number + 0.2) / taller
        figure.text(2 / 72 / width, above, line, fontsize=small, fontweight=weight, va="top", ha="left")

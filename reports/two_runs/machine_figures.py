"""The figures of the page of several machines: each method's time, and how its ratio to another's moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from reports.draw.look import INK, MARKERS, SHADE, SOFT, Chart, Look, Palette
from reports.draw.number_text import counted, reach_text, seconds_text, times_text
from reports.draw.sheet import MOST_SERIES, Sheet, seconds_axis, short, shrunk, slug
from reports.read.tables import lines_of
from reports.sections.times import left_out
from reports.sections.words import words
from reports.two_runs.machines import Machines, reference_of

_NAME = 30
_FACTORS = (1, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10, 30, 100, 1000)


def charts_of(machines: Machines, main: pd.DataFrame, palette: Palette) -> tuple[Chart, Chart | None]:
    """The times at one setting, and how the ratio to one method moves, where several places have times."""
    what = _setting(main.iloc[0])
    return _times_chart(machines, main, palette, what), _moves_chart(machines, main, palette, what)


def _times_chart(machines: Machines, main: pd.DataFrame, palette: Palette, what: str) -> Chart:
    places = machines.places
    middle = np.exp(np.log(main[list(range(len(places)))].astype(float)).mean(axis=1))
    shown = main.assign(middle=middle).sort_values("middle").head(MOST_SERIES).reset_index(drop=True)
    sheet = Sheet((5.6, 1.3 + 0.3 * len(shown) + 0.18 * len(places)))
    keys = [name for name in main if isinstance(name, str) and name not in {"spread", "known"}]
    own = machines.timed.merge(shown[keys].assign(row=range(len(shown))), on=keys)
    for line in lines_of(own):
        label, place = str(line.label), places[line.place]
        reach = reach_text(seconds_text(line.low), seconds_text(line.high))
        threads = counted(line.threads, "thread")
        tip = f"{label} on {place.name}: {seconds_text(line.median)}{reach}, n = {line.n}, {threads}"
        look = Look(palette[label].color, MARKERS[line.place % len(MARKERS)])
        sheet.estimate(line.row, line.median, line.low, line.high, name=label, look=look, tip=tip)
    sheet.axes.set_xscale("log")
    sheet.names(shown["label"], _NAME)
    seconds_axis(sheet.axes.xaxis, "time of one call")
    _place_legend(sheet, [place.name for place in places])
    shared = int((main["known"] == len(places)).sum())
    finding = words("machines.drawn", methods=counted(len(main), "method"), shared=shared)
    return sheet.chart(f"machine-times-{slug(what)}", f"Time, {what}", finding + left_out(len(main) - len(shown)))


def _moves_chart(machines: Machines, main: pd.DataFrame, palette: Palette, what: str) -> Chart | None:
    numbers = list(range(len(machines.places)))
    reference = reference_of(machines, main)
    base = main.loc[main["label"] == reference, numbers].iloc[0].astype(float)
    ratios = main[numbers].astype(float) / base
    middle = np.exp(np.log(ratios).mean(axis=1))
    moves = ratios.div(middle, axis=0)
    spread = ratios.max(axis=1) / ratios.min(axis=1)
    inputs = [methods_of(machines)[str(label)] == "noisy" for label in main["label"]]
    several = (ratios.notna().sum(axis=1) > 1) & (main["label"] != reference) & ~np.array(inputs)
    order = spread[several].sort_values(ascending=False, kind="stable").index
    if not len(order):
        return None
    sheet = Sheet((5.6, 1.3 + 0.3 * min(len(order), MOST_SERIES) + 0.18 * len(numbers)))
    half = float(np.sqrt(1 + machines.limit))
    sheet.axes.axvspan(1 / half, half, color=SHADE, alpha=0.5, linewidth=0)
    sheet.axes.axvline(1, color=SOFT, linewidth=1)
    for row, index in enumerate(order[:MOST_SERIES]):
        label = str(main["label"][index])
        look = palette[label]
        sheet.bars([row], [moves.loc[index].min()], [moves.loc[index].max()], name=label, look=look, across=True)
        for number in (number for number in numbers if np.isfinite(ratios.loc[index, number])):
            ratio = times_text(float(ratios.loc[index, number]))
            tip = f"{label} on {machines.places[number].name}: {ratio} the time of {reference}"
            own = Look(look.color, MARKERS[number % len(MARKERS)])
            sheet.points([moves.loc[index, number]], [row], name=label, look=own, tips=[tip])
    _factor_axis(sheet, max(float(np.nanmax(np.abs(np.log(moves.loc[order])))), 1.5 * np.log(half)))
    sheet.names((main["label"][index] for index in order[:MOST_SERIES]), _NAME)
    sheet.axes.set_xlabel("over the mean of all machines; shaded: steady")
    _place_legend(sheet, [place.name for place in machines.places])
    steady = int((spread[order] <= 1 + machines.limit).sum())
    finding = words(
        "machines.moves", reference=reference, methods=counted(len(order), "method"), steady=steady,
        limit=100 * machines.limit, method=main["label"][order[0]], spread=times_text(float(spread[order[0]])),
    )  # fmt: skip
    left = left_out(len(order) - MOST_SERIES) if len(order) > MOST_SERIES else ""
    return sheet.chart(f"machine-ratios-{slug(what)}", f"Ratio to {reference}, {what}", finding + left)


def _factor_axis(sheet: Sheet, reach: float) -> None:
    """An abscissa of factors around 1, as far as the logarithm `reach` on either side."""
    low, high = np.exp(-1.08 * reach), np.exp(1.08 * reach)
    step = max(factor for factor in _FACTORS if factor <= high)
    sheet.axes.set_xscale("log")
    sheet.axes.set_xlim(low, high)
    sheet.axes.xaxis.set_major_locator(FixedLocator([1 / step, 1, step]))
    sheet.axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: times_text(value)))


def _place_legend(sheet: Sheet, names: Sequence[str]) -> None:
    """Below the axes, what each shape stands for."""
    handles = [
        Line2D(
            [],
            [],
            color=INK,
            marker=MARKERS[number % len(MARKERS)],
            linestyle="",
            label=short(name, round(60 * shrunk())),
        )
        for number, name in enumerate(names)
    ]
    sheet.figure.legend(handles=handles, loc="outside lower left", ncols=1)


def methods_of(machines: Machines) -> Mapping[str, str]:
    """The method of each label."""
    return dict(zip(machines.timed["label"].astype(str), machines.timed["method"].astype(str), strict=True))


def size_of(line: Any) -> str:
    """The size that a line of a table is about: `512 × 512`, or `512 × 512, batch 4`."""
    get: Callable[[str], Any] = line.get if isinstance(line, pd.Series) else lambda name: getattr(line, name)
    batch = f", batch {get('batch'):g}" if get("batch") > 1 else ""
    return f"{get('width'):.0f} × {get('height'):.0f}{batch}"


def _setting(line: Any) -> str:
    """A setting in words: `denoise, 512 × 512`."""
    colors = f", {counted(line['channels'], 'channel')}" if line["channels"] > 1 else ""
    scale = f" × {line['scale']:g}" if line["scale"] > 1 else ""
    return f"{line['task'] or 'any task'}{scale}{colors}, {size_of(line)}"

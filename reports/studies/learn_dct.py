"""What learning gains over the best uniform threshold ratio, and the thresholds learnt at 8 x 8, sigma 25."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from reports.derive.leaders import leaders
from reports.draw.look import SOFT, Chart, numbered
from reports.draw.number_text import gain_text, listed, signed
from reports.draw.sheet import Sheet
from reports.studies.study import Study, heat_map, of, values

TITLE = "Thresholds learnt per frequency"
PLACE = 3
NEEDS = "gain_db"

_SHOWN = "8x8 sigma 25"
"""The setting whose thresholds are drawn and whose gains are put into words."""


def study(table: pd.DataFrame) -> Study:
    """Gain by variant and setting, and the thresholds of one setting."""
    gains = of(table, "gain_db")
    split = gains["part"].str.partition(": ")
    gains = gains.assign(setting=split[0], what=split[2])
    charts = (*_gain_chart(gains), *_threshold_map(table))
    return Study(charts, tuple(_words(table, gains[gains["setting"].str.startswith(_SHOWN)])))


def _words(table: pd.DataFrame, gains: pd.DataFrame) -> Iterator[str]:
    own = gains[gains["what"] == "learnt"]["value"]
    if len(own):
        beside = "beside the best uniform ratio, on images not learnt on"
        change = signed(f"{own.iloc[0]:+.3f}")
        yield f"At 8 × 8 and sigma 25 the learnt thresholds change PSNR by {change} dB {beside}."
    if len(gains):
        best, gain = leaders(gains.assign(label=gains["what"]), "value", partial(gain_text, digits=3))
        names = listed(f"“{name}”" for name in best)
        yield f"The highest there is {gain} dB, by {names}{_costs(table, gains)}."


def _costs(table: pd.DataFrame, gains: pd.DataFrame) -> str:
    """Gain and operations of each variant that has a count."""
    macs = of(table, "macs_per_pixel").drop_duplicates("part").set_index("part")["value"]
    counted = gains[gains["part"].isin(macs.index)]
    said = (
        f"{what} {gain_text(value)} dB for {macs[part]:,.0f}"
        for part, what, value in counted[["part", "what", "value"]].to_numpy()
    )
    return f"; beside the operations per pixel: {', '.join(said)}" if len(counted) else ""


def _gain_chart(gains: pd.DataFrame) -> Iterator[Chart]:
    order = gains["what"].drop_duplicates().tolist()
    sheet = Sheet((5.6, 1.6 + 0.36 * len(order)))
    for look, (setting, group) in zip(numbered(9), gains.groupby("setting", sort=False), strict=False):
        where = [order.index(what) for what in group["what"]]
        tips = [
            f"{setting}, {what}: {value:+.3f} dB" for what, value in zip(group["what"], group["value"], strict=True)
        ]
        sheet.points(group["value"], where, name=str(setting), look=look, tips=tips)
    sheet.axes.axvline(0, color=SOFT, linewidth=1)
    sheet.names(order, 28)
    sheet.axes.set_xlabel("change beside the best uniform ratio (dB)")
    best, gain = leaders(
        gains.assign(label=gains["what"] + " at " + gains["setting"]), "value", partial(gain_text, digits=3)
    )
    finding = f"The highest value is {gain} dB, {listed(best)}."
    yield sheet.chart("learn-dct-gain", "What learning changes", finding, columns=2)


def _threshold_map(table: pd.DataFrame) -> Iterator[Chart]:
    own = of(table, "threshold_over_sigma")
    parts = own["part"].drop_duplicates().tolist()
    part = next((name for name in parts if name.startswith(_SHOWN)), parts[0] if parts else None)
    if part is None:
        return
    ratios = values(own[own["part"] == part], "threshold_over_sigma").to_numpy()
    size = round(np.sqrt(len(ratios)))
    title = f"Learnt thresholds over sigma, {part.partition(':')[0]}"
    kept = bool(len(ratios) > 1 and ratios[0] == 0)
    if kept:
        ratios = np.where(np.arange(len(ratios)) > 0, ratios, np.nan)  # a 0 would take all colours from the others
    low, high = np.nanmin(ratios), np.nanmax(ratios)
    where = (
        f"the highest frequencies lie at the lower right{', and the mean, at the upper left, has none' if kept else ''}"
    )
    finding = f"Thresholds run from {low:.2f} to {high:.2f} times sigma; {where}."
    yield heat_map("learn-dct-thresholds", title, ratios[: size**2].reshape(size, size), finding)

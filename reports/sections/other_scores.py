"""Fronts by the metrics that a spec names beside the usual scores: a figure for each of them and kind of input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.derive.leaders import leaders
from reports.derive.scores import RIVALS
from reports.derive.summary import Summary
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import listed, seconds_text
from reports.draw.sheet import Ink, Sheet, seconds_axis, slug
from reports.read.metrics import Metric
from reports.read.tables import lines_of
from reports.sections.score_tables import channels_text, images_text, level
from reports.sections.words import words


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Each further metric of which one way is better, against time."""
    table = summary.standings
    for metric in summary.other_metrics:
        main = table[table["compared"].astype(bool) & (table["board"] == 0) & np.isfinite(table[metric.name])]
        for (task, *_), group in main.groupby(RIVALS, sort=True):
            what = level(next(lines_of(group))) + channels_text(group, among=table[table["task"] == task])
            timed = group[(group["per_megapixel"] > 0) & (group["method"] != "noisy")].sort_values("per_megapixel")
            if len(timed) and metric.better:
                sheet, said = _drawn(ink, metric, timed)
                over = words("scores.over", images=images_text(summary.comparison, timed))
                name, title = slug(f"{metric.name}-{task}-{what}"), f"{metric.title} against time, {what}"
                yield sheet.chart(name, title, f"{said} {over}")


def _drawn(ink: Ink, metric: Metric, timed: pd.DataFrame) -> tuple[Sheet, str]:
    """The figure of one metric, and who is best and what lies on the front."""
    sheet, front = Sheet((5.6, 4.4)), timed[timed[f"front_{metric.name}"].astype(bool)]
    sheet.steps(front["per_megapixel"], front[metric.name], color=SOFT)
    for line in lines_of(timed):
        value = getattr(line, metric.name)
        tip = f"{line.label}: {metric.said(value)}, {seconds_text(line.per_megapixel)} per megapixel"
        link = ink.anchors.get(line.method, "#methods")
        sheet.points(
            [line.per_megapixel], [value], name=line.label, look=ink.palette[line.label], tips=[tip], link=link
        )
    sheet.axes.set_xscale("log")
    seconds_axis(sheet.axes.xaxis, "time per megapixel")
    sheet.axes.set_ylabel(f"mean {metric.heading}")
    best, value = leaders(timed, metric.name, metric.said, least=metric.least)
    named = listed(front["label"], most=len(front))
    return sheet, words("scores.front", methods=listed(best), metric=metric.title, value=value, front=named)

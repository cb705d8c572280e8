"""The family of threshold functions, and soft thresholding as the most probable clean value."""

from __future__ import annotations

import math

import pandas as pd

from reports.draw.number_text import at_most_text
from reports.studies.study import Curves, Study, along, lines, of

TITLE = "Hard, soft and smooth thresholds"
PLACE = 1
NEEDS = "output"

BESIDE = 0.3
"""Nearer to its step than this, a smooth threshold cannot be the hard one."""


def study(table: pd.DataFrame) -> Study:
    """The functions as curves; soft thresholding and the minimiser that a search finds."""
    family = {part: along(table, part, "x", "output") for part in of(table, "output")["part"].unique() if part}
    said = _family_words(family)
    charts = [lines("thresholds-family", "Hard, soft and smooth hard thresholds, T = 1", family, said)]
    pair = {part: along(table, part, "x", "estimate") for part in of(table, "estimate")["part"].unique()}
    off = of(table, "largest_difference")["value"]
    differ = f"differ by no more than {at_most_text(off.max())}." if len(off) else ""
    words = f"Soft thresholding and the minimiser found by search {differ}" if differ else ""
    if pair:
        title = "Soft thresholding and the most probable value under a Laplacian prior"
        charts.append(lines("thresholds-posterior", title, pair, words))
    return Study(tuple(charts), tuple(word for word in (said, words) if word))


def _family_words(family: Curves) -> str:
    smooth = sorted((part for part in family if part.startswith("temperature")), key=_temperature)
    if "hard" not in family or "soft" not in family or not smooth:
        return ""
    coldest, hottest = smooth[0], smooth[-1]
    away = (family["hard"]["x"].abs() - 1).abs() > BESIDE
    cold = (family[coldest]["output"] - family["hard"]["output"])[away].abs().max()
    hot = (family[hottest]["output"] - family["soft"]["output"]).abs().max()
    beside = f"of the hard one, where that is at least {BESIDE} from its step"
    hard = f"At {coldest} the smooth threshold is within {at_most_text(cold)} {beside}"
    return f"{hard}; at {hottest} it is within {at_most_text(hot)} of the soft one."


def _temperature(part: str) -> float:
    try:
        return float(part.removeprefix("temperature"))
    except ValueError:
        return math.inf

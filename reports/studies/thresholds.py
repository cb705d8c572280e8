"""The family of threshold functions, and soft thresholding as the most probable clean value."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from reports.studies.study import Study, along, lines, of

TITLE = "Hard, soft and smooth thresholds"
PLACE = 1
NEEDS = "output"


def study(table: pd.DataFrame) -> Study:
    """The functions as curves; soft thresholding and the minimiser that a search finds."""
    family = {part: along(table, part, "x", "output") for part in of(table, "output")["part"].unique() if part}
    said = _family_words(family)
    charts = [lines("thresholds-family", "Hard, soft and smooth hard thresholds, T = 1", family, said)]
    pair = {part: along(table, part, "x", "estimate") for part in of(table, "estimate")["part"].unique()}
    off = of(table, "largest_difference")["value"]
    words = (
        f"Soft thresholding and the minimiser found by search differ by at most {off.max():.2g}." if len(off) else ""
    )
    if pair:
        title = "Soft thresholding is the most probable value under a Laplacian prior"
        charts.append(lines("thresholds-posterior", title, pair, words))
    return Study(tuple(charts), tuple(word for word in (said, words) if word))


def _family_words(family: Mapping[str, pd.DataFrame]) -> str:
    smooth = [part for part in family if part.startswith("temperature")]
    if "hard" not in family or "soft" not in family or not smooth:
        return ""
    coldest, hottest = smooth[0], smooth[-1]
    away = (family["hard"]["x"].abs() - 1).abs() > 0.3  # noqa: PLR2004 - away from the step
    cold = (family[coldest]["output"] - family["hard"]["output"])[away].abs().max()
    hot = (family[hottest]["output"] - family["soft"]["output"]).abs().max()
    hard = f"At {coldest} the smooth threshold is within {cold:.2g} of the hard one beside the step"
    soft = f"at {hottest} within {hot:.2g} of the soft one"
    return f"{hard}, and {soft}: one family reaches from the one to the other."

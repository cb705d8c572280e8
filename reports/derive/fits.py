"""Power laws and the cost model: how time grows with pixels, block size, threads and operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from reports.derive.intervals import LEVEL
from reports.read.methods import DCT, Methods
from reports.read.tables import table_of

FEWEST_PLACES, WIDEST = 4, 1.0
"""An exponent is a finding from so many different abscissas on, and where its interval is no wider than this."""


@dataclass(frozen=True)
class Fit:
    """The exponent of a power law with its interval, from `n` points."""

    exponent: float
    low: float
    high: float
    n: int

    @property
    def firm(self) -> bool:
        """Whether it is a finding: over enough places, and with an interval that says something."""
        return self.n >= FEWEST_PLACES and self.high - self.low <= WIDEST


def firm(fits: pd.DataFrame) -> pd.DataFrame:
    """The lines of `exponents` that are findings."""
    kept: pd.DataFrame = fits[(fits["sizes"] >= FEWEST_PLACES) & (fits["high"] - fits["low"] <= WIDEST)]
    return kept


def power_law(x: pd.Series[float], y: pd.Series[float]) -> Fit | None:
    """The exponent of y against x; None for fewer than two different positive abscissas."""
    usable = (x > 0) & (y > 0) & np.isfinite(x) & np.isfinite(y)
    if x[usable].nunique() < 2:  # noqa: PLR2004 - a line needs two points
        return None
    found = stats.linregress(np.log(x[usable]), np.log(y[usable]))
    n = int(usable.sum())
    half = float(found.stderr * stats.t.ppf((1 + LEVEL) / 2, n - 2)) if n > 2 else float("nan")  # noqa: PLR2004
    slope = float(found.slope)
    return Fit(slope, slope - half, slope + half, n)


def exponents(timed: pd.DataFrame) -> pd.DataFrame:
    """Exponent of time against pixels of each label that was timed at two sizes or more."""
    found = _fitted(timed, ["label", "scale", "channels"], "pixels")
    return found.rename(columns={"places": "sizes", "start": "from_pixels", "stop": "to_pixels"})


def exponents_at_one_size(timed: pd.DataFrame, threads: pd.DataFrame, methods: Methods) -> pd.DataFrame:
    """Exponents of time against the DCT's block size (of `timed`) and against threads, at one size of image each.

    `against` names the abscissa, which runs from `start` to `stop`; -1 is perfect scaling over threads.
    """
    dct = timed[timed["method"] == DCT]
    blocks = dct["options"].map(lambda text: methods.number(DCT, text, "block_size"))
    bare = dct["label"].astype(str).str.replace(r" \d+×\d+", "", n=1, regex=True)
    sized = dct.assign(label=bare, against="block size", block_size=blocks.astype(float))
    case = ["label", "against", "height", "width"]
    fits = (_fitted(sized, case, "block_size"), _fitted(threads.assign(against="threads"), case, "threads"))
    return pd.concat([fit for fit in fits if len(fit)] or [fits[0]], ignore_index=True)


def _fitted(timed: pd.DataFrame, case: list[str], abscissa: str) -> pd.DataFrame:
    """The exponent of the median time against `abscissa` for each case that was timed at two of its values or more."""
    lines: list[tuple[object, ...]] = []
    for key, group in timed.groupby(case, observed=True, sort=False):
        fit = power_law(group[abscissa], group["median"])
        if fit:
            along = group[abscissa]
            lines.append((*key, fit.exponent, fit.low, fit.high, fit.n, along.min(), along.max()))
    return table_of(lines, [*case, "exponent", "low", "high", "places", "start", "stop"])


def cost_model(operations: pd.DataFrame) -> tuple[float, float, float] | None:
    """(a, b, R2) of seconds = a + b x operations, weighted by 1 / seconds^2; None for fewer than three points.

    The weights make the relative error count: the slowest case would otherwise decide alone.
    """
    usable = operations[(operations["macs"] > 0) & (operations["median"] > 0)]
    if len(usable) < 3:  # noqa: PLR2004 - two points fit any line
        return None
    macs, seconds = usable["macs"].to_numpy(dtype=float), usable["median"].to_numpy(dtype=float)
    design = np.stack([1 / seconds, macs / seconds], axis=1)
    (a, b), *_ = np.linalg.lstsq(design, np.ones_like(seconds), rcond=None)
    predicted = np.maximum(a + b * macs, np.finfo(float).tiny)
    logs = np.log(seconds)
    explained = 1 - np.sum((logs - np.log(predicted)) ** 2) / np.sum((logs - logs.mean()) ** 2)
    return float(a), float(b), float(explained)

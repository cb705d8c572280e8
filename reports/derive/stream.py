"""Whether the latency of a method is a result: enough queries, enough time, and a quality that reaches the floor.

The rules are those of MLPerf Inference for a single stream (mlcommons/inference_policies, inference_rules.adoc): one
sample a query, the next one sent when the last is answered, at least 1,024 queries and 60 seconds, 90th percentile.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.speeds import SPEED_CASE, measured_calls
from reports.derive.summary import Summary
from reports.read.methods import number_of
from reports.read.run import Run

QUERIES, SECONDS, PERCENTILE = 1024, 60.0, 90
"""What the rules ask for at least, and the percentile that is the result."""

BELOW, UNSCORED, NO_FLOOR, SHORT, RESULT = "below", "unscored", "no_floor", "short", "result"
"""What a latency is: refused for its quality, for want of one or of a floor; of too few queries; or a result."""

REFUSED = (BELOW, UNSCORED, NO_FLOOR)

_COLUMNS = ["passed", "psnr_db", "floor_db", "word"]


def is_stream(run: Run) -> bool:
    """Whether the run's spec asks for queries and a floor."""
    spec = run.section("spec")
    return number_of(spec.get("queries")) > 0 and bool(spec.get("floor_db"))


def streams(run: Run, summary: Summary) -> pd.DataFrame:
    """The latencies of single images with the seconds that `passed`, mean PSNR, floor and what each is in a `word`.

    The PSNR is the mean over the images at the degradation where that is lowest.
    """
    table = summary.latency[summary.latency["batch"] == 1]
    if not is_stream(run):
        return table.iloc[:0].assign(**dict.fromkeys(_COLUMNS))
    passed = measured_calls(summary.named["time"]).groupby(SPEED_CASE, observed=True)["seconds"].sum()
    stated = run.section("spec").get("floor_db")
    floors = {str(task): number_of(floor) for task, floor in stated.items()} if isinstance(stated, dict) else {}
    found = table.join(passed.rename("passed"), on=SPEED_CASE)
    found = found.join(_psnr(summary.named["quality"]), on=["label", "scale", "channels"])
    found["floor_db"] = found["task"].map(floors).astype(float)
    return found.assign(word=[_word(*line) for line in found[["psnr_db", "floor_db", "n", "passed"]].to_numpy(float)])


def _psnr(quality: pd.DataFrame) -> pd.Series[float]:
    """Of each label the mean over images, the lowest over what they were degraded by and the variants."""
    scored = quality[quality["psnr_db"].notna()]
    keys = ["label", "scale", "channels", "variant", "sigma_255", "degradation"]
    mean = scored.groupby(keys, observed=True)["psnr_db"].mean()
    lowest: pd.Series[float] = mean.groupby(level=keys[:3], observed=True).min()
    return lowest


def _word(psnr: float, floor: float, queries: float, passed: float) -> str:
    if np.isnan(floor):
        return NO_FLOOR
    if np.isnan(psnr):
        return UNSCORED
    if psnr < floor:
        return BELOW
    return RESULT if queries >= QUERIES and passed >= SECONDS else SHORT

"""The score of the NTIRE challenge on efficient super-resolution, from a run's time, operations and parameters.

As its organisers publish it for 2026 (Amazingren/NTIRE2026_ESR, README): 0.8 exp(2 t) + 0.1 exp(2 F) + 0.1 exp(2 P),
each of time, operations and parameters over the baseline's; lower is better, and the baseline scores exp(2). Operations
are fvcore's, one multiply-add counted as one, for 3 x 256 x 256 pixels enlarged by 4.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.summary import Summary

WEIGHTS = {"time": 0.8, "operations": 0.1, "parameters": 0.1}
"""What each part weighs in the score."""

SCALE, CHANNELS, SIDE = 4, 3, 1024
"""The factor, the channels, and the side of the output."""


def challenge(summary: Summary, baseline: str) -> pd.DataFrame:
    """One line for each upscaler by 4 that was timed or counted; NaN in the score where a part of it is missing."""
    parts = [_times(summary.latency), _counts(summary.named["cost"])]
    table = pd.concat([part.set_index(["method", "label"]) for part in parts], axis=1).reset_index()
    own = table[table["method"].astype(str) == baseline]
    score = pd.Series(0.0, table.index)
    for part, weight in WEIGHTS.items():
        ratio = table[part] / (float(own[part].iloc[0]) if len(own) else np.nan)
        table[f"{part}_ratio"] = ratio.where(np.isfinite(ratio))
        with np.errstate(over="ignore"):
            score += weight * np.exp(2 * table[f"{part}_ratio"])
    psnr = _at_scale(summary.named["quality"]).groupby("label", observed=True)["psnr_db"].mean()
    return table.assign(score=score).join(psnr, on="label").sort_values("score", kind="stable", ignore_index=True)


def _times(latency: pd.DataFrame) -> pd.DataFrame:
    own = _at_scale(latency)
    own = own[(own["width"] == SIDE) & (own["height"] == SIDE) & (own["batch"] == 1)]
    return own.drop_duplicates(["method", "label"]).rename(columns={"p50": "time"})[["method", "label", "time"]]


def _counts(cost: pd.DataFrame) -> pd.DataFrame:
    own = _at_scale(cost[cost["counter"].astype(str) == "fvcore"]).drop_duplicates(["method", "label"])
    return own.assign(operations=own["macs_per_pixel"] * SIDE**2)[["method", "label", "operations", "parameters"]]


def _at_scale(table: pd.DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = table[(table["scale"] == SCALE) & (table["channels"] == CHANNELS)]
    return found.astype({"method": object, "label": object})

"""Sweeps of the threshold ratio -> the best ratio of each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.read.tables import most_of, table_of


def ratio_optima(scored: pd.DataFrame) -> pd.DataFrame:
    """The best ratio T / sigma of each label and sigma, all that are as good, and a vertex.

    The vertex is that of a parabola through the best ratio and its neighbours. `scored` are the means of
    `scores.sweeps`: all ratios of a label over the same images.
    """
    sweep = scored[(scored["task"] == "denoise") & scored["ratio"].notna() & scored["psnr_db"].notna()]
    case = ["label", "block_size", "stride", "channels", "sigma_255"]
    shown = ["ratio", "psnr_db", "low", "high", "n"]
    lines: list[tuple[object, ...]] = []
    for key, group in sweep.groupby(case, observed=True, sort=False):
        curve = group.sort_values("ratio")
        if curve["ratio"].nunique() > 2:  # noqa: PLR2004 - fewer have no inside
            best = most_of(curve, "psnr_db")
            inside = curve["ratio"].min() < best["ratio"] < curve["ratio"].max()
            tied = curve.loc[np.isclose(curve["psnr_db"], best["psnr_db"], rtol=1e-9, atol=0), "ratio"]
            lines.append((*key, *best[shown], _vertex(curve), inside, tuple(f"{ratio:g}" for ratio in tied)))
    return table_of(lines, [*case, "best_ratio", *shown[1:], "vertex", "inside", "tied"])


def _vertex(curve: pd.DataFrame) -> float:
    x, y = curve["ratio"].to_numpy(), curve["psnr_db"].to_numpy()
    middle = int(np.clip(y.argmax(), 1, len(y) - 2))
    near = slice(middle - 1, middle + 2)
    a, b, _ = np.polyfit(x[near], y[near], 2)
    return float(np.clip(-b / (2 * a), x[near][0], x[near][-1])) if a < 0 else float(x[y.argmax()])

"""What differs between two runs, in time, quality, operations and memory, each change with its verdict.

The words, the tolerances and the rule are those of `compare`, which measures two revisions in turn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.intervals import LEVEL, RESAMPLES, difference
from reports.derive.speeds import measured_calls
from reports.derive.verdict_words import REGRESSIONS, Word, by_interval, of_memory, of_operations, of_quality, relative
from reports.read.metrics import Metric
from reports.two_runs.pair import TIMED, Pair

_SCORED = ["label", "task", "channels", "scale", "degradation", "sigma_255", "ratio"]
_COUNTED = ["label", "scale", "channels", "counter"]
_PEAKED = ["label", "scale", "channels", "height", "width", "source"]


def time_changes(pair: Pair) -> pd.DataFrame:
    """Each case timed in both runs: ratio of medians (head over base) with a bootstrap interval, and a verdict."""
    samples = [_samples(summary.named["time"]) for summary in (pair.before, pair.after)]
    lines: list[tuple[object, ...]] = []
    for key in [key for key in samples[1] if key in samples[0]]:
        before, after = samples[0][key], samples[1][key]
        ratio = _ratio(before, after)
        lines.append((*key, np.median(before), np.median(after), *ratio, len(after), _time_verdict(pair, *ratio)))
    return pd.DataFrame(lines, columns=[*TIMED, "before", "after", "ratio", "low", "high", "n", "verdict"])


def _samples(time: pd.DataFrame) -> dict[tuple[Any, ...], np.ndarray]:
    groups = measured_calls(time).groupby(TIMED, observed=True, sort=False)["seconds"]
    return {tuple(key): group.to_numpy() for key, group in groups}


def _ratio(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    """The ratio of medians with its interval, which is NaN where a run has fewer than three samples."""
    ratio = float(np.median(after) / np.median(before))
    if min(len(before), len(after)) < 3:  # noqa: PLR2004 - resampling two values says nothing
        return ratio, math.nan, math.nan
    generator = np.random.default_rng(0)
    medians = [
        np.median(part[generator.integers(0, len(part), (RESAMPLES // 4, len(part)))], axis=1)
        for part in (before, after)
    ]
    low, high = np.quantile(medians[1] / medians[0], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return ratio, float(low), float(high)


def _time_verdict(pair: Pair, ratio: float, low: float, high: float) -> str:
    """A change is significant where its whole interval lies beyond the A/A floor, on one side."""
    if not pair.same_machine:
        return f"{Word.NO_VERDICT}: other machine"
    floor, ends = math.log1p(pair.floor), (math.log(low), math.log(high))
    significant = ends[0] > floor or ends[1] < -floor
    word = by_interval(math.log(ratio), *ends, pair.tolerances.time, significant=significant)
    return f"{word}: too noisy" if word is Word.NO_VERDICT else word


def quality_changes(pair: Pair) -> pd.DataFrame:
    """Each label scored in both runs on the same images and noise: mean paired change of each score, and a verdict.

    Whether more is better is what the score's record says; one that judges nothing is left out. `loss` is how much was
    lost, in tolerances: that of the spec for PSNR, one unit of the last digit that tables show for others.
    """
    lines: list[tuple[object, ...]] = []
    for metric in judging(pair):
        both = [_per_image(summary.named["quality"], metric.name) for summary in (pair.before, pair.after)]
        tolerance = tolerance_of(metric, pair)
        for key in [key for key in both[1] if key in both[0]]:
            shared = pd.concat([both[0][key], both[1][key]], axis=1, join="inner", keys=["before", "after"])
            before, after = shared["before"], shared["after"]
            change, gains = difference(after, before), (before - after if metric.least else after - before)
            if change.n:
                means = before.mean(), after.mean(), change.mean, change.low, change.high, change.n
                lines.append((*key, metric.name, *means, of_quality(gains, tolerance), -gains.mean() / tolerance))
    columns = [*_SCORED, "metric", "before", "after", "change", "low", "high", "n", "verdict", "loss"]
    return pd.DataFrame(lines, columns=columns)


def judging(pair: Pair) -> tuple[Metric, ...]:
    """The scores that both runs have and that say which way is better."""
    tables = [summary.named["quality"] for summary in (pair.before, pair.after)]
    return tuple(one for one in pair.after.metrics if one.better and all(one.name in table for table in tables))


def tolerance_of(metric: Metric, pair: Pair) -> float:
    """What of a score is no change: of PSNR what the spec says, of others one unit of the last digit of a table."""
    return pair.tolerances.psnr_db if metric.name == "psnr_db" else float(10**-metric.digits)


def _per_image(quality: pd.DataFrame, name: str) -> dict[tuple[Any, ...], pd.Series[float]]:
    scored = quality[np.isfinite(quality[name])].assign(ratio=lambda frame: frame["ratio"].fillna(-1))
    objects = scored.astype({"degradation": object, "task": object, "image": object})
    means = objects.groupby([*_SCORED, "image", "seed"], observed=True)[name].mean()
    return {key: group.droplevel(_SCORED) for key, group in means.groupby(level=_SCORED, sort=False)}


def exact_changes(pair: Pair) -> pd.DataFrame:
    """Operations and memory that changed."""
    found = exact_pairs(pair)
    return found[found["verdict"] != Word.UNCHANGED].reset_index(drop=True)


def exact_pairs(pair: Pair) -> pd.DataFrame:
    """Operations and memory that both runs counted, changed or not."""
    lines: list[tuple[object, ...]] = []
    for name, key, value, judge, tolerance in (
        ("cost", _COUNTED, "macs_per_pixel", of_operations, pair.tolerances.macs_per_pixel),
        ("memory", _PEAKED, "peak_bytes", of_memory, pair.tolerances.memory),
    ):
        before, after = (
            summary.named[name].groupby(key, observed=True)[value].max() for summary in (pair.before, pair.after)
        )
        joined = pd.concat({"before": before, "after": after}, axis=1).dropna()
        for at, base, head in joined.itertuples(name=None):
            where = ", ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in at[1:])
            word = judge(base, head, tolerance)
            lines.append((at[0], value, where, base, head, relative(base, head), word))
    return pd.DataFrame(lines, columns=["label", "quantity", "where", "before", "after", "off", "verdict"])


def worst_first(table: pd.DataFrame, badness: pd.Series[float]) -> pd.DataFrame:
    """Regressions first, then what has no verdict, gains, and the rest; within each the largest `badness` first."""
    ranks = [_rank(str(verdict)) for verdict in table["verdict"]]
    ordered = table.assign(rank=ranks, badness=badness)
    return ordered.sort_values(["rank", "badness"], ascending=[True, False], kind="stable").reset_index(drop=True)


def _rank(verdict: str) -> int:
    if verdict in REGRESSIONS:
        return 0
    if verdict.startswith(Word.NO_VERDICT):
        return 1
    return 2 if verdict in {Word.FASTER, Word.BETTER} else 3

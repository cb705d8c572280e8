"""What is alike on several machines and what is not: times, the ratio of two methods' times, scores, counts.

Each run was made alone on its machine, so a machine's own drift is part of what differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd

from reports.derive.fronts import REFERENCE_PIXELS
from reports.derive.intervals import LEVEL, RESAMPLES, median_high, median_low
from reports.read.metrics import Metric
from reports.two_runs.pair import aa_floor
from reports.two_runs.places import Place, table_of_place, usual_calls

KIND = ["task", "channels", "scale"]
SETTING = [*KIND, "height", "width", "batch"]
"""Times of two methods are set against each other where these are the same."""

CASE = ["label", *SETTING]
SCORED = ["label", "task", "channels", "scale", "degradation", "sigma_255", "ratio"]

LIMIT = 0.1
"""How far a ratio may differ from machine to machine, as a factor - 1, and still be called steady."""

STEADY, MOVED, UNKNOWN = "steady", "not steady", "not known"
SAME, CHANGED, TOO_CLOSE = "the same", "changes", "too close to tell"

_DRAWS = RESAMPLES // 4
_PAIRS_AT_ONCE = 2000


@dataclass(frozen=True)
class Machines:
    """The places and what was timed there."""

    places: tuple[Place, ...]
    timed: pd.DataFrame
    """A line for each case (`CASE`) and `place` (its number): `median`, `low`, `high`, `n`, `threads`."""
    draws: np.ndarray
    """Logarithms of resampled medians of each line of `timed`; NaN where there are fewer than three samples."""
    floor: float
    """How much two halves of one and the same run differ, as a factor - 1 that 95 % of its cases keep."""

    @property
    def limit(self) -> float:
        """How far a steady ratio may differ: by less cannot be asked than a run differs from itself."""
        return max(LIMIT, self.floor)

    @cached_property
    def times(self) -> pd.DataFrame:
        """A line for each case, a column for the median on each place, and the `spread`: the most over the least."""
        wide = self.timed.pivot_table(index=CASE, columns="place", values="median", observed=True, sort=False)
        wide = wide.reindex(columns=range(len(self.places)))
        known = wide.notna().sum(axis=1)
        spread = (wide.max(axis=1) / wide.min(axis=1)).where(known > 1)
        return wide.assign(spread=spread, known=known).reset_index()

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Each two methods timed at one setting on two places or more, the least steady ratio first.

        The ratio is the time of `label` over that of `fast`: on each place (a column for each), the place where it is
        the largest (`most`) and the smallest (`least`), and the largest over the smallest (`spread`, `low`, `high`).
        """
        found = [part for setting, group in self._rivals() for part in _pairs(setting, group, self)]
        if not found:
            return pd.DataFrame(columns=[*CASE, "fast", *range(len(self.places)), *_OF_PAIR])
        return pd.concat(found).sort_values("spread", ascending=False, kind="stable").reset_index(drop=True)

    def _rivals(self) -> Iterator[tuple[tuple[object, ...], pd.DataFrame]]:
        own = self.timed[self.timed["method"] != "noisy"]
        yield from ((tuple(setting), group) for setting, group in own.groupby(SETTING, observed=True, sort=False))

    @property
    def main(self) -> Iterator[pd.DataFrame]:
        """Of each kind of input the times at the setting that most places and methods share, nearest to 512 × 512."""
        shared = self.times.assign(seen=self.times["known"].where(self.times["known"] > 1, 0))
        for _, own in shared.groupby(KIND, observed=True, sort=False):
            totals = own.groupby(SETTING, observed=True, sort=False).agg(
                seen=("seen", "sum"), known=("known", "sum"), height=("height", "first"), width=("width", "first")
            )
            far = np.abs(np.log((totals["height"] * totals["width"]).clip(lower=1) / REFERENCE_PIXELS))
            best = totals.assign(far=far).sort_values(["seen", "known", "far"], ascending=[False, False, True]).index[0]
            yield own[(own[SETTING] == list(best)).all(axis=1)].drop(columns="seen").reset_index(drop=True)


_OF_PAIR = ["spread", "low", "high", "most", "least", "word", "order"]


def read_machines(places: Sequence[Place]) -> Machines:
    """What was timed on each place, on its usual number of threads."""
    generator, lines, draws, floor = np.random.default_rng(0), [], [], 0.0
    for number, place in enumerate(places):
        time = table_of_place(place, "time")
        floor = max(floor, aa_floor(time))
        for key, calls in usual_calls(time, CASE).groupby([*CASE, "method"], observed=True, sort=False):
            seconds = calls["seconds"].reset_index(drop=True)
            ends = median_low(seconds), median_high(seconds)
            lines.append((*key, number, float(seconds.median()), *ends, len(seconds), float(calls["threads"].iloc[0])))
            draws.append(_drawn(np.log(seconds.to_numpy(dtype=float)), generator))
    columns = [*CASE, "method", "place", "median", "low", "high", "n", "threads"]
    return Machines(tuple(places), pd.DataFrame(lines, columns=columns), np.array(draws).reshape(-1, _DRAWS), floor)


def _drawn(logarithms: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if len(logarithms) < 3:  # noqa: PLR2004 - resampling two values says nothing
        return np.full(_DRAWS, np.nan)
    drawn: np.ndarray = np.median(logarithms[generator.integers(0, len(logarithms), (_DRAWS, len(logarithms)))], axis=1)
    return drawn


def _pairs(setting: tuple[object, ...], group: pd.DataFrame, machines: Machines) -> Iterator[pd.DataFrame]:
    labels = list(dict.fromkeys(group["label"]))
    at = {label: number for number, label in enumerate(labels)}
    shape = len(labels), len(machines.places)
    middle, draws = np.full(shape, np.nan), np.full((*shape, _DRAWS), np.nan)
    where = [at[label] for label in group["label"]], group["place"].to_numpy()
    middle[where], draws[where] = np.log(group["median"]), machines.draws[group.index]
    first, second = np.triu_indices(len(labels), 1)
    ratios = middle[first] - middle[second]  # (pairs, places)
    swap = np.nan_to_num(ratios).sum(axis=1) < 0
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    known = np.flatnonzero(np.isfinite(ratios).sum(axis=1) > 1)
    for start in range(0, len(known), _PAIRS_AT_ONCE):
        chosen = known[start : start + _PAIRS_AT_ONCE]
        slow, fast = first[chosen], second[chosen]
        table = _judged(middle[slow] - middle[fast], draws, (slow, fast), machines.limit)
        names = {"label": [labels[one] for one in slow], "fast": [labels[one] for one in fast]}
        yield table.assign(**names, **{name: cast("Any", value) for name, value in zip(SETTING, setting, strict=True)})


def _judged(ratios: np.ndarray, draws: np.ndarray, pair: tuple[np.ndarray, np.ndarray], limit: float) -> pd.DataFrame:
    """Ratios (logarithms, a line a pair, a column a place) with their spread, its interval, and the words for them."""
    most = np.nanargmax(ratios, axis=1)
    least = ratios.shape[1] - 1 - np.nanargmin(ratios[:, ::-1], axis=1)  # of equal ones the last: never `most` itself
    of_most, of_least = (draws[pair[0], place] - draws[pair[1], place] for place in (most, least))  # (pairs, draws)
    ends = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    low, high = np.quantile(of_most - of_least, ends, axis=1)
    apart = (np.quantile(of_most, ends[0], axis=1) > 0) & (np.quantile(of_least, ends[1], axis=1) < 0)
    one_way = (np.nanmin(ratios, axis=1) > 0) | (np.nanmax(ratios, axis=1) < 0)
    wide = pd.DataFrame(np.exp(ratios), columns=range(ratios.shape[1]))
    spread = np.exp(np.nanmax(ratios, axis=1) - np.nanmin(ratios, axis=1))
    return wide.assign(
        spread=spread, low=np.maximum(np.exp(low), 1), high=np.exp(high), most=most, least=least,
        word=np.select([low > np.log1p(limit), high <= np.log1p(limit)], [MOVED, STEADY], UNKNOWN),
        order=np.select([apart, one_way], [CHANGED, SAME], TOO_CLOSE),
    )  # fmt: skip


def reference_of(machines: Machines, main: pd.DataFrame) -> str:
    """Of one of `machines.main`, the method to which the others keep the steadiest ratio, of those on most places."""
    places, inputs = len(machines.places), set(machines.timed.loc[machines.timed["method"] == "noisy", "label"])
    own = main[~main["label"].isin(inputs)] if set(main["label"]) - inputs else main
    candidates = own[own["known"] == own["known"].max()].reset_index(drop=True)
    times = np.log(own[range(places)].to_numpy(dtype=float))
    moves = [np.nanmedian(_range(times - line)) for line in np.log(candidates[range(places)].to_numpy(dtype=float))]
    return str(candidates["label"].iloc[int(np.argmin(moves))])


def _range(values: np.ndarray) -> np.ndarray:
    """The largest less the smallest of each line; 0 where a line has no value."""
    filled = np.isfinite(values).any(axis=1)
    found = np.zeros(len(values))
    found[filled] = np.nanmax(values[filled], axis=1) - np.nanmin(values[filled], axis=1)
    return found


def score_differences(places: Sequence[Place], metrics: Sequence[Metric]) -> pd.DataFrame:
    """How far the scores of one restored image differ between places, a line for each setting and metric.

    `images` were scored on two places or more; of the one that differs most there are `least`, `most`, and `image`.
    """
    tables = [table_of_place(place, "quality").assign(place=number) for number, place in enumerate(places)]
    every = pd.concat([table.astype({"image": object, "degradation": object, "task": object}) for table in tables])
    every = every.assign(ratio=every["ratio"].fillna(-1.0))
    lines: list[dict[str, object]] = []
    for metric in (metric for metric in metrics if metric.better and metric.name in every):
        scored = every[np.isfinite(every[metric.name].astype(float))]
        wide = scored.pivot_table(index=[*SCORED, "image", "seed"], columns="place", values=metric.name, observed=True)
        shared = wide[wide.notna().sum(axis=1) > 1]
        ends = pd.DataFrame({"least": shared.min(axis=1), "most": shared.max(axis=1)})
        ends = ends.assign(off=ends["most"] - ends["least"]).reset_index()
        for key, group in ends.groupby(SCORED, observed=True, sort=False):
            line = group.iloc[int(group["off"].to_numpy(float).argmax())]
            found = {"image": line["image"], "least": line["least"], "most": line["most"], "off": line["off"]}
            lines.append({**dict(zip(SCORED, key, strict=True)), "metric": metric.name, "images": len(group), **found})
    return pd.DataFrame(lines, columns=[*SCORED, "metric", "images", "image", "least", "most", "off"])


def exact_differences(places: Sequence[Place]) -> pd.DataFrame:
    """Operations, and measured peaks of memory, that two places or more counted: a column a place, and their `off`."""
    parts = []
    for name, key, value in (
        ("cost", ["label", "scale", "channels", "counter"], "macs_per_pixel"),
        ("memory", ["label", "scale", "channels", "height", "width", "source"], "peak_bytes"),
    ):
        tables = [table_of_place(place, name).assign(place=number) for number, place in enumerate(places)]
        every = pd.concat([table.astype({key[-1]: object}) for table in tables])
        every = every[every["source"] == "measured"] if name == "memory" else every
        wide = every.pivot_table(index=key, columns="place", values=value, aggfunc="max", observed=True)
        wide = wide.reindex(columns=range(len(places)))
        shared = wide[wide.notna().sum(axis=1) > 1]
        least = shared.min(axis=1)
        off = (shared.max(axis=1) / least - 1).where(least > 0, (shared.max(axis=1) > 0).astype(float))
        where = [", ".join(map(plain, at[1:])) for at in shared.index]
        labels = [at[0] for at in shared.index]
        parts.append(shared.assign(label=labels, quantity=value, where=where, off=off).reset_index(drop=True))
    return pd.concat(parts, ignore_index=True)


def plain(part: object) -> str:
    """One part of where something was counted, as text."""
    return f"{part:g}" if isinstance(part, float) else str(part)

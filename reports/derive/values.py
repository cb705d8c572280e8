"""The values of a run that other programs follow or publish, one for each metric of each setting, with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.intervals import student_half
from reports.derive.speeds import counted_once
from reports.derive.summary import Summary
from reports.read.metrics import names_of
from reports.read.tables import SETUP, lines_of

_BUILT = ["method", "variant", "options", "task", "channels", "scale", "device", "dtype"]
_JUDGED = [*_BUILT, "degradation", "sigma_255"]


@dataclass(frozen=True)
class Value:
    """One metric of one setting: what it came to, and between what with 95 % certainty."""

    setting: Mapping[str, Any]
    """The columns that make the setting: method, variant, size or noise, ..."""
    metric: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    images: tuple[str, ...] = ()
    """Over which a score is the mean."""

    @property
    def name(self) -> str:
        """All that tells the setting from others, the same in every run: `dct default 512x512 1ch x1 cpu float32`."""
        at = self.setting
        size = f"{at['height']:g}x{at['width']:g}" if at.get("height") else ""
        noise = f"sigma {at['sigma_255']:g}" if at.get("sigma_255") else ""
        shape = f"{at['channels']:g}ch x{at['scale']:g}"
        threads = f"threads {at['threads']:g}" if self.metric == "seconds" else ""
        words = (at["method"], at["variant"], size, shape, noise, at.get("degradation", ""), at["device"], at["dtype"])
        return " ".join(str(word) for word in (*words, threads) if word)

    def ends(self) -> Mapping[str, float]:
        """The value and both ends of its interval, under the names of Bencher Metric Format."""
        return {"lower_value": self.low, "value": self.value, "upper_value": self.high}


def values(summary: Summary) -> Iterator[Value]:
    """Median time, mean scores, operations per pixel and peak memory of everything that was measured.

    The scores are PSNR and what the spec names beside the usual ones.
    """
    for line in lines_of(summary.threads):
        yield Value(line._asdict(), "seconds", line.median, line.low, line.high)
    for metric in ("psnr_db", *names_of(summary.other_metrics)):
        yield from scores(summary, metric)
    for line in lines_of(counted_once(summary.named["cost"], SETUP)):
        yield Value(line._asdict(), "macs_per_pixel", line.macs_per_pixel)
    peaks = summary.named["memory"].astype({"source": object})
    for line in lines_of(peaks[peaks["source"] == "measured"]):
        yield Value(line._asdict(), "peak_bytes", line.peak_bytes)


def scores(summary: Summary, metric: str) -> Iterator[Value]:
    """The mean of `metric` over images, each of them the mean over its seeds; what is not finite enters none."""
    table = summary.named["quality"].astype(dict.fromkeys([*_JUDGED, "image"], object))
    table = table[np.isfinite(table[metric])]
    for key, group in table.groupby(_JUDGED, sort=False, dropna=False):
        by_image = group.groupby("image", sort=False)[metric].mean()
        spread, n = pd.Series([by_image.std()]), pd.Series([len(by_image)])
        half, mean = float(student_half(spread, n).iloc[0]), float(by_image.mean())
        setting = dict(zip(_JUDGED, key, strict=True))
        yield Value(setting, metric, mean, mean - half, mean + half, tuple(map(str, by_image.index)))

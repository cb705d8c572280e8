"""The verdict on the first screen: what the run says in one sentence per task."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.derive.fronts import REFERENCE_PIXELS
from reports.derive.intervals import LEVEL, Difference, difference
from reports.derive.scores import at_best_ratio, main_sigma, per_image
from reports.derive.summary import Summary
from reports.draw.number_text import seconds_text, times_text
from reports.read.methods import DCT
from reports.read.tables import least_of, most_of


def verdict(summary: Summary) -> tuple[str, ...]:
    """The answer to what was measured, from the tables alone; never empty."""
    quality, scored, timed = summary.named["quality"], summary.scored, summary.timed
    found = [*_denoise_verdict(quality, scored, timed), *_upscale_verdict(quality, scored)]
    if not found and not timed.empty:
        fastest = least_of(timed, "per_megapixel")
        speed = seconds_text(fastest["per_megapixel"])
        found = [f"{fastest['label']} was the fastest at {speed} per megapixel; no quality was measured beside it."]
    if not found and not scored.empty:
        best = most_of(scored, "psnr_db")
        found = [f"{best['label']} reached {best['psnr_db']:.2f} dB; there is nothing to compare it with."]
    return tuple(found) or ("No case of this run succeeded in full, so it supports no verdict.",)


def _denoise_verdict(quality: pd.DataFrame, scored: pd.DataFrame, timed: pd.DataFrame) -> Iterator[str]:
    sigma = main_sigma(scored)
    if sigma is None:
        return
    best = at_best_ratio(scored[(scored["task"] == "denoise") & (scored["sigma_255"] == sigma)])
    best = best[best["channels"] == best["channels"].mode().iloc[0]]
    rivals = best[~best["method"].isin(["noisy"])]
    top, base = _contenders(rivals)
    if top is None or base is None:
        return
    wide = per_image(quality, best)
    gain = difference(wide[top["label"]], wide[base["label"]])
    ratio = "" if pd.isna(base["ratio"]) else f" at its best ratio {base['ratio']:g}"
    time = _time_words(top, base, timed)
    yield f"{top['label']} {_gain_words(gain)} {base['label']}{ratio} at sigma {sigma:g}{time}."


def _contenders(rivals: pd.DataFrame) -> tuple[pd.Series | None, pd.Series | None]:
    """The better of FFDNet and the best DCT, or of the two best methods where one of them is absent."""
    ordered = rivals.sort_values("psnr_db", ascending=False, kind="stable").drop_duplicates("method")
    nets, transforms = ordered[ordered["method"] == "ffdnet"], ordered[ordered["method"] == DCT]
    if len(nets) and len(transforms):
        return nets.iloc[0], transforms.iloc[0]
    return (ordered.iloc[0], ordered.iloc[1]) if len(ordered) > 1 else (None, None)


def _gain_words(gain: Difference) -> str:
    images = "1 image" if gain.n == 1 else f"{gain.n} images"
    interval = (
        f" ({LEVEL:.0%} interval {gain.low:+.2f} to {gain.high:+.2f}, {images})" if gain.n > 1 else f" ({images})"
    )
    verb = "buys" if gain.mean >= 0 else "loses"
    return (
        f"{verb} {gain.mean:+.2f} dB{interval} over" if gain.mean >= 0 else f"{verb} {-gain.mean:.2f} dB{interval} to"
    )


def _time_words(top: pd.Series, base: pd.Series, timed: pd.DataFrame) -> str:
    if timed.empty:
        return "; no time was measured beside it"
    sizes = timed[timed["label"].isin([top["label"], base["label"]])]
    both = sizes.pivot_table(index=["channels", "pixels"], columns="label", values="median").dropna()
    if both.shape[1] < 2 or both.empty:  # noqa: PLR2004 - a ratio needs both
        return "; the two were not timed at one size"
    nearest = both.iloc[int(np.abs(np.log(both.index.get_level_values("pixels") / REFERENCE_PIXELS)).argmin())]
    ratio = nearest[top["label"]] / nearest[base["label"]]
    return f" for {times_text(ratio)} its time on this machine"


def _upscale_verdict(quality: pd.DataFrame, scored: pd.DataFrame) -> Iterator[str]:
    upscaled = scored[scored["task"] == "upscale"]
    parts = []
    for degradation, group in upscaled.groupby("degradation", observed=True, sort=False):
        best = at_best_ratio(group).sort_values("psnr_db", ascending=False)
        base = best[best["method"] == "bicubic"]
        rival = best[best["method"].str.startswith("rdn")]
        if len(base) and len(rival):
            wide = per_image(quality, best)
            gain = difference(wide[rival.iloc[0]["label"]], wide[base.iloc[0]["label"]])
            parts.append((rival.iloc[0]["label"], f"{gain.mean:+.2f} dB on {degradation} input"))
    if parts:
        label = parts[0][0]
        said = ", ".join(words for name, words in parts if name == label)
        yield f"{label} against bicubic: {said}."

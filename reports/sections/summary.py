"""The first screen: the verdict in one sentence per task, and quality against time at the main noise level."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.derive.fronts import REFERENCE_PIXELS
from reports.derive.intervals import LEVEL, Difference, difference
from reports.derive.scores import at_best_ratio, main_degradation, main_sigma, per_image
from reports.derive.summary import Summary
from reports.draw.look import Chart
from reports.draw.number_text import seconds_text, times_text
from reports.draw.sheet import Ink, short
from reports.read.methods import DCT
from reports.read.tables import least_of, most_of
from reports.sections.section import Material, Section
from reports.sections.tradeoff import front_chart
from reports.sections.words import words

MOST_FRONT = 12


def section(material: Material) -> Section:
    """The verdict and the front. Problems of the run are said here, before any figure."""
    traded = material.summary.traded
    return Section(
        "summary",
        "Summary",
        material.command,
        charts=tuple(charts(material.summary, material.ink)),
        findings=verdict(material.summary),
        after=(words("summary.no_front") if traded.empty else words("summary.front"),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Quality against time: one figure for denoising at the main sigma, one for upscaling."""
    traded = summary.traded
    sigma, degradation = main_sigma(summary.scored), main_degradation(summary.scored)
    if sigma is not None:
        denoised = traded[(traded["task"] == "denoise") & (traded["sigma_255"] == sigma)]
        name, title = f"front-sigma-{sigma:g}", f"Denoising, sigma {sigma:g}"
        yield from front_chart(summary, ink, denoised, name=name, title=title, most=MOST_FRONT)
    if degradation is not None:
        upscaled = traded[(traded["task"] == "upscale") & (traded["degradation"] == degradation)]
        title = f"Upscaling, {short(degradation)} input"
        yield from front_chart(summary, ink, upscaled, name="front-upscale", title=title, most=MOST_FRONT)


def verdict(summary: Summary) -> tuple[str, ...]:
    """The answer to what was measured, from the tables alone; never empty."""
    quality, scored, timed = summary.named["quality"], summary.scored, summary.timed
    if said := (*_denoise_verdict(quality, scored, timed), *_upscale_verdict(quality, scored)):
        return said
    if not timed.empty:
        fastest = least_of(timed, "per_megapixel")
        time = seconds_text(fastest["per_megapixel"])
        return (words("summary.only_time", method=fastest["label"], time=time),)
    if not scored.empty:
        best = most_of(scored, "psnr_db")
        return (words("summary.only_quality", method=best["label"], psnr_db=best["psnr_db"]),)
    return (words("summary.nothing"),)


def _denoise_verdict(quality: pd.DataFrame, scored: pd.DataFrame, timed: pd.DataFrame) -> Iterator[str]:
    sigma = main_sigma(scored)
    if sigma is None:
        return
    best = at_best_ratio(scored[(scored["task"] == "denoise") & (scored["sigma_255"] == sigma)])
    best = best[best["channels"] == best["channels"].mode().iloc[0]]
    top, base = _contenders(best[best["method"] != "noisy"])
    if top is None or base is None:
        return
    wide = per_image(quality, best)
    gain = difference(wide[top["label"]], wide[base["label"]])
    against = base["label"]
    if not pd.isna(base["ratio"]):
        against = words("summary.at_best_ratio", method=against, ratio=base["ratio"])
    time, reach = _time_words(top, base, timed), _reach_words(gain)
    if gain.mean >= 0:
        yield words("summary.buys", top=top["label"], gain=gain.mean, reach=reach, base=against, sigma=sigma, time=time)
    else:
        yield words(
            "summary.loses", top=top["label"], loss=-gain.mean, reach=reach, base=against, sigma=sigma, time=time
        )


def _contenders(rivals: pd.DataFrame) -> tuple[pd.Series | None, pd.Series | None]:
    """The better of FFDNet and the best DCT, or of the two best methods where one of them is absent."""
    ordered = rivals.sort_values("psnr_db", ascending=False, kind="stable").drop_duplicates("method")
    nets, transforms = ordered[ordered["method"] == "ffdnet"], ordered[ordered["method"] == DCT]
    if len(nets) and len(transforms):
        return nets.iloc[0], transforms.iloc[0]
    return (ordered.iloc[0], ordered.iloc[1]) if len(ordered) > 1 else (None, None)


def _reach_words(gain: Difference) -> str:
    images = "1 image" if gain.n == 1 else f"{gain.n} images"
    return words("summary.reach", level=LEVEL, low=gain.low, high=gain.high, images=images) if gain.n > 1 else images


def _time_words(top: pd.Series, base: pd.Series, timed: pd.DataFrame) -> str:
    if timed.empty:
        return words("summary.untimed")
    sizes = timed[timed["label"].isin([top["label"], base["label"]])]
    both = sizes.pivot_table(index=["channels", "pixels"], columns="label", values="median").dropna()
    if both.shape[1] < 2 or both.empty:  # noqa: PLR2004 - a ratio needs both
        return words("summary.no_common_size")
    nearest = both.iloc[int(np.abs(np.log(both.index.get_level_values("pixels") / REFERENCE_PIXELS)).argmin())]
    return words("summary.timed", times=times_text(nearest[top["label"]] / nearest[base["label"]]))


def _upscale_verdict(quality: pd.DataFrame, scored: pd.DataFrame) -> Iterator[str]:
    parts = []
    for degradation, group in scored[scored["task"] == "upscale"].groupby("degradation", observed=True, sort=False):
        best = at_best_ratio(group).sort_values("psnr_db", ascending=False)
        base = best[best["method"] == "bicubic"]
        rival = best[best["method"].str.startswith("rdn")]
        if len(base) and len(rival):
            wide = per_image(quality, best)
            gain = difference(wide[rival.iloc[0]["label"]], wide[base.iloc[0]["label"]])
            parts.append((rival.iloc[0]["label"], f"{gain.mean:+.2f} dB on {degradation} input"))
    if parts:
        method = parts[0][0]
        gains = ", ".join(gain for label, gain in parts if label == method)
        yield words("summary.upscaling", method=method, gains=gains)

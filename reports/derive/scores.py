"""Scores of single images -> means over images and seeds with their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.intervals import student_half

USUAL_SIGMA = 25.0

_SCORE_CASE = [
    "label", "method", "options", "task", "channels", "scale", "degradation", "sigma_255", "ratio", "block_size",
    "stride",
]  # fmt: skip


def scores(quality: pd.DataFrame) -> pd.DataFrame:
    """Mean PSNR, SSIM and residual deviation over images and seeds, with the interval of the mean PSNR.

    Infinite and undefined scores enter no mean. One line per label, degradation, sigma, scale and ratio.
    """
    table = quality[np.isfinite(quality["psnr_db"])]
    groups = table.groupby(_SCORE_CASE, observed=True, sort=False, dropna=False)
    result = groups.agg(
        psnr_db=("psnr_db", "mean"),
        spread=("psnr_db", "std"),
        n=("psnr_db", "size"),
        images=("image", "nunique"),
        ssim=("ssim", "mean"),
        residual_std_255=("residual_std_255", "mean"),
        mean_offset_255=("mean_offset_255", "mean"),
    ).reset_index()
    result = result.astype({"task": object, "degradation": object})
    half = student_half(result["spread"], result["n"])
    ends = {"low": result["psnr_db"] - half, "high": result["psnr_db"] + half}
    return pd.DataFrame(result.assign(**ends).drop(columns="spread"))


def at_best_ratio(scored: pd.DataFrame) -> pd.DataFrame:
    """The line with the highest mean PSNR of each label, degradation, sigma, scale and number of channels.

    Lines of fewer images than the label's most complete one are left out: a mean of other images is another mean.
    """
    case = ["label", "task", "degradation", "sigma_255", "scale", "channels"]
    most = scored.groupby(case, observed=True)["n"].transform("max")
    whole = scored[scored["n"] == most].sort_values("psnr_db", ascending=False, kind="stable")
    return whole.drop_duplicates(case).sort_index().reset_index(drop=True)


def main_sigma(scored: pd.DataFrame) -> float | None:
    """25 where it was measured, else the middle one of the denoising sigmas; None where there is none."""
    sigmas = sorted(scored.loc[(scored["task"] == "denoise") & (scored["sigma_255"] > 0), "sigma_255"].unique())
    if not sigmas:
        return None
    return USUAL_SIGMA if USUAL_SIGMA in sigmas else float(sigmas[len(sigmas) // 2])


def main_degradation(scored: pd.DataFrame) -> str | None:
    """`bicubic` where upscaling was measured on it, else the first degradation; None where there is no upscaling."""
    found = scored.loc[scored["task"] == "upscale", "degradation"].astype(str).unique().tolist()
    return ("bicubic" if "bicubic" in found else found[0]) if found else None


def within_images(quality: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """`chosen` (lines of `at_best_ratio` for one sigma or degradation) with `within_low` and `within_high`.

    Intervals of the mean after each image's own level (its mean over the methods) is taken out, so that they show how
    surely methods differ and not how much images do (Cousineau 2005, Morey 2008).
    """
    wide = per_image(quality, chosen).dropna(axis=1, how="all").dropna()
    half = pd.Series(np.nan, index=chosen["label"])
    if wide.shape[0] > 1 and wide.shape[1] > 1:
        levelled = wide.sub(wide.mean(axis=1), axis=0)
        morey = np.sqrt(wide.shape[1] / (wide.shape[1] - 1))
        n = pd.Series(len(wide), index=wide.columns)
        half.update(student_half(levelled.std() * morey, n))
    reach = half.reindex(chosen["label"]).to_numpy()
    return chosen.assign(within_low=chosen["psnr_db"] - reach, within_high=chosen["psnr_db"] + reach)


def per_image(quality: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """PSNR of `chosen`'s labels at their ratios: a line per image, a column per label; means over seeds."""
    keyed = scored_alike(quality, chosen)
    return keyed.pivot_table(index="image", columns="label", values="psnr_db", observed=True)


def scored_alike(quality: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """The lines of the labelled quality table that `chosen` (lines of `scores`) are means of."""
    key = ["label", "task", "degradation", "sigma_255", "scale", "channels", "ratio"]
    near = np.isfinite(quality["psnr_db"]) & quality["sigma_255"].isin(chosen["sigma_255"].unique())
    objects = quality[near].astype({"degradation": object, "task": object})
    return pd.DataFrame(objects.merge(chosen[key], on=key, how="inner"))

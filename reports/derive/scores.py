"""Scores of single images -> means over images with their intervals; the image's seeds are averaged first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.derive.boards import on_boards
from reports.derive.intervals import student_half
from reports.read.metrics import USUAL, names_of

USUAL_SIGMA = 25.0

RIVALS = ["task", "degradation", "sigma_255", "scale", "channels"]
"""What is compared has the same of these."""

SETTING = [*RIVALS, "label", "ratio"]
"""One way to restore, on one kind of input: what a mean is of."""

SCORES = names_of(USUAL)
_FACTS = ("method", "options", "block_size", "stride")
"""The same in all lines of a setting, or the first counts."""


def tried(quality: pd.DataFrame, scores: Sequence[str] = SCORES) -> pd.DataFrame:
    """Each setting's try on each image and seed, a line: with a score (`ok`), `failed`, or infinite and so neither.

    `member` numbers the settings and `image_seed` the images with their seeds. Failures count before scores.
    Of `scores` the first that a run has at all says whether there is one.
    """
    table = quality.astype({"task": object, "degradation": object, "image": object})
    failed = table["error"].astype(str) != ""
    first = next((name for name in scores if table[name].notna().any()), scores[0])
    table = table.assign(failed=failed, ok=np.isfinite(table[first]) & ~failed)
    table = table.assign(
        member=table.groupby(SETTING, observed=True, sort=False, dropna=False).ngroup(),
        image_seed=table.groupby(["image", "seed"], observed=True, sort=False, dropna=False).ngroup(),
    )
    once = table.sort_values("failed", ascending=False, kind="stable").drop_duplicates(["member", "image_seed"])
    return pd.DataFrame(once.sort_index())


def sweeps(tries: pd.DataFrame, scores: Sequence[str] = SCORES) -> pd.DataFrame:
    """Means of every setting, those of one label over the same images: a label's ratios may be compared, no more."""
    found = on_boards(tries, [*RIVALS, "label"])
    return means(found[found["board"] == 0], SETTING, scores)


def means(tries: pd.DataFrame, case: list[str], scores: Sequence[str] = SCORES) -> pd.DataFrame:
    """Mean scores of each `case` over its `n` images, with the interval of the mean PSNR."""
    every = {**dict.fromkeys(_FACTS, "first"), **dict.fromkeys(scores, "mean")}
    by_image = tries.groupby([*case, "image"], observed=True, sort=False, dropna=False).agg(every).reset_index()
    groups = by_image.groupby(case, observed=True, sort=False, dropna=False)
    result = groups.agg(every).assign(n=groups.size(), spread=groups["psnr_db"].std()).reset_index()
    half = student_half(result["spread"], result["n"])
    ends = {"low": result["psnr_db"] - half, "high": result["psnr_db"] + half}
    return pd.DataFrame(result.assign(**ends).drop(columns="spread"))


def on_shared_images(counted: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """`counted` with each of `scores` on those images alone on which every line of the board has it.

    A metric that fails by itself on one image of one method is then compared over the others.
    """
    boards = [counted[name] for name in (*RIVALS, "board", "image_seed")]
    there = {
        name: counted[name].notna().groupby(boards, observed=True, dropna=False).transform("all") for name in scores
    }
    return counted.assign(**{name: counted[name].where(own) for name, own in there.items()})


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


def several_channels(table: pd.DataFrame) -> frozenset[str]:
    """The tasks that have lines of more than one number of channels."""
    found = table[["task", "channels"]].drop_duplicates()["task"].astype(str)
    return frozenset(found[found.duplicated()])


def within_images(counted: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """`chosen` (lines of one board) with `within_low` and `within_high`; `counted` are the scores behind them.

    Intervals of the mean after each image's own level (its mean over the methods) is taken out, so that they show how
    surely methods differ and not how much images do (Cousineau 2005, Morey 2008).
    """
    wide = per_image(counted, chosen)
    half = pd.Series(np.nan, index=chosen["label"])
    if wide.shape[0] > 1 and wide.shape[1] > 1:
        levelled = wide.sub(wide.mean(axis=1), axis=0)
        morey = np.sqrt(wide.shape[1] / (wide.shape[1] - 1))
        n = pd.Series(len(wide), index=wide.columns)
        half.update(student_half(levelled.std() * morey, n))
    reach = half.reindex(chosen["label"]).to_numpy()
    return chosen.assign(within_low=chosen["psnr_db"] - reach, within_high=chosen["psnr_db"] + reach)


def per_image(counted: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """PSNR of the lines `chosen` of one board: a line per image, a column per label; means over seeds."""
    keyed = counted.merge(chosen[[*SETTING, "board"]], on=[*SETTING, "board"])
    return keyed.pivot_table(index="image", columns="label", values="psnr_db", observed=True)

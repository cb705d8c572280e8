"""How a line of the comparison is written: at which setting, over which images, and what became of it.

The terminal shares it with the tables of denoisers and upscalers.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.derive.comparison import Comparison
from reports.derive.leaders import marked
from reports.derive.scores import RIVALS, several_channels
from reports.derive.summary import Summary
from reports.draw.columns import columns, scored
from reports.draw.grid import Columns, Grid, grid
from reports.draw.number_text import counted, seconds_text
from reports.draw.sheet import short
from reports.read.tables import lines_of
from reports.sections.section import Material
from reports.sections.words import words

SCORE_COLUMNS = columns(
    "label outcome degradation scale channels sigma_255 setting psnr_db ssim residual_std_255 mean_offset_255"
    " n over per_megapixel time_low time_high front",
    per_megapixel=("time per megapixel", seconds_text),
)
USUAL_NOISE = "awgn"
"""The degradation that goes without saying where a sigma is named."""

LAST = ("n", "over", "per_megapixel", "time_low", "time_high", "front")
"""Columns that stand behind all scores."""

MOST_NAMES = 3
"""Images that are named one by one; more are counted."""


def without(*names: str, summary: Summary) -> Columns:
    """The columns of a score but those named, with the further metrics of the run."""
    own = {name: column for name, column in SCORE_COLUMNS.items() if name not in names}
    return with_metrics(own, summary)


def with_metrics(own: Columns, summary: Summary) -> Columns:
    """`own` columns, and before the count of images those of the metrics that the run has beside the usual ones."""
    before = {name: column for name, column in own.items() if name not in LAST}
    return {**before, **scored(summary.other_metrics), **{name: own[name] for name in own if name in LAST}}


def standings(summary: Summary, task: str = "") -> pd.DataFrame:
    """Every line of the comparison (of one task) with `setting`, `over` and `outcome` in words.

    By kind of input and board, what is compared first, the best first.
    """
    table = summary.standings[summary.standings["task"] == task] if task else summary.standings
    table = table.sort_values([*RIVALS, "board", "compared", "psnr_db"], ascending=[True] * 6 + [False, False])
    lines = [*lines_of(table)]
    said = {"setting": [setting(line) for line in lines], "outcome": [outcome(line) for line in lines]}
    said["outcome"] = [
        "; ".join(filter(None, both)) for both in zip(said["outcome"], _fewer(summary, table), strict=True)
    ]
    main = table["compared"].astype(bool) & (table["board"] == 0)
    return marked(table.assign(**said, over=_over(summary, table)), "psnr_db", RIVALS, among=main)


def _fewer(summary: Summary, table: pd.DataFrame) -> list[str]:
    """The metrics of each line whose means are over fewer images than its PSNR, and over how many."""
    said: dict[Any, str] = {}
    for key, own in table[table["compared"].astype(bool)].groupby([*RIVALS, "board"]):
        n = int(own["n"].iloc[0])
        counts = [(one.title, summary.comparison.count(own, one.name)) for one in summary.other_metrics]
        said[key] = "; ".join(
            words("scores.fewer", metric=title, n=count, images=counted(n, "image"))
            for title, count in counts
            if 0 < count < n
        )
    keys = table[[*RIVALS, "board"]].itertuples(index=False, name=None)
    return [said.get(key, "") if there else "" for key, there in zip(keys, table["compared"], strict=True)]


def narrow(table: pd.DataFrame) -> pd.DataFrame:
    """`table` without the columns in which nothing stands, or the same number of channels for all of a task."""
    texts = [name for name in ("setting", "over", "outcome") if not table[name].astype(bool).any()]
    return table.drop(columns=texts + ([] if several_channels(table) else ["channels"]))


def channels_text(group: pd.DataFrame, *, among: pd.DataFrame) -> str:
    """`, 3 channels` for a title, where the lines `among` are of more than one number of channels."""
    return f", {counted(group['channels'].iloc[0], 'channel')}" if several_channels(among) else ""


def level(line: Any) -> str:
    """What was done to the images of a line: `sigma 25`, or the degradation and the scale."""
    kind = short(str(line.degradation))
    if line.task != "denoise":
        return f"{kind} ×{line.scale:g}"
    if not line.sigma_255 > 0:
        return kind
    sigma = f"sigma {line.sigma_255:g}"
    return sigma if kind in {USUAL_NOISE, ""} else f"{kind}, told {sigma}"


def setting(line: Any) -> str:
    """The threshold ratio of a line, and how it was come by; nothing where the method has none."""
    if pd.isna(line.ratio):
        return ""
    if line.default:
        return words("scores.default", ratio=line.ratio)
    if line.settings > 1:
        return words("scores.best", ratio=line.ratio, count=line.settings)
    return words("scores.ratio", ratio=line.ratio)


def outcome(line: Any) -> str:
    """What is wrong with a line: nothing, where it is compared and neither its scores nor its times failed."""
    if line.failed:
        return words("scores.failed", failed=line.failed, images=counted(line.asked, "image"), error=line.error)
    if not line.compared:
        return words("scores.no_score")
    return words("scores.time_failed", error=line.time_error) if line.time_error else ""


def settings_text(lines: pd.DataFrame) -> str:
    """At which settings the methods of `lines` are compared, for a caption or a finding."""
    swept = lines[lines["ratio"].notna()]
    if swept.empty:
        return words("scores.as_named")
    return words("scores.at_default") if swept["default"].all() else words("scores.at_setting")


def images_text(comparison: Comparison, lines: pd.DataFrame) -> str:
    """The images behind the means of `lines`, which are on one board: `6 images`, or `4 of 6 images`."""
    n = len(comparison.images(lines))
    tries = comparison.tries.merge(lines[RIVALS].drop_duplicates(), on=RIVALS)
    asked = tries["image"].nunique()
    return counted(n, "image") if n == asked else words("scores.some_images", n=n, images=counted(asked, "image"))


def image_grid(material: Material, task: str) -> Grid:
    """Each image's own scores and failures, at the settings that are compared."""
    own = material.summary.comparison.tries
    own = own[own["task"] == task].sort_values(["image", "sigma_255", "psnr_db"], ascending=[True, True, False])
    own = own.assign(outcome=own["error"].astype(object))
    empty = [name for name, there in (("ratio", own["ratio"].notna()), ("outcome", own["failed"])) if not there.any()]
    shown = columns(
        "image label degradation scale sigma_255 ratio psnr_db ssim residual_std_255 mean_offset_255 outcome"
    )
    usual = not (own["degradation"] != USUAL_NOISE).any()
    denoise = ("degradation", "scale") if usual else ("scale",)
    skipped = {"denoise": denoise, "upscale": ("sigma_255",)}.get(task, ())
    shown = {name: column for name, column in shown.items() if name not in skipped}
    return grid(f"{task}-images", "Each image", own.drop(columns=empty), with_metrics(shown, material.summary))


def _over(summary: Summary, table: pd.DataFrame) -> list[str]:
    """The images of each line, where some other board of its kind of input has other ones."""
    boards = [*RIVALS, "board"]
    on = table["compared"].astype(bool)
    several = table[on].groupby(RIVALS)["board"].nunique()
    several = several[several > 1]
    said: dict[tuple[object, ...], str] = {}
    for key, own in table[on].groupby(boards):
        if key[:-1] in several.index:
            names = summary.comparison.images(own)
            said[key] = ", ".join(names) if len(names) <= MOST_NAMES else counted(len(names), "image")
    keys = table[boards].itertuples(index=False, name=None)
    return [said.get(key, "") if there else "" for key, there in zip(keys, on, strict=True)]

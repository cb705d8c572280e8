"""An upscaler in and out of its training distribution: PSNR by degradation, and against the blur's width."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.draw.look import Chart
from reports.read.tables import most_of
from reports.studies.study import Study, decibels, lines, of

TITLE = "In and out of the training distribution"
PLACE = 5
NEEDS = "psnr_db"


def study(table: pd.DataFrame) -> Study:
    """Network and bicubic compared; nothing where only one of them was scored."""
    psnr = of(table, "psnr_db")
    noise = psnr["sigma_255"].map(lambda sigma: f", noise {sigma:g}" if sigma else "")
    psnr = psnr.assign(kind=psnr["degradation"].astype(str) + noise)
    wide = psnr.pivot_table(index="kind", columns="label", values="value", sort=False)
    if wide.shape[1] < 2:  # noqa: PLR2004 - two are compared
        return Study(())
    return Study((_kinds_chart(wide), *_blur_chart(table)), tuple(_words(wide)))


def _words(wide: pd.DataFrame) -> Iterator[str]:
    net = next(label for label in wide if label != "bicubic")
    gain = (wide[net] - wide["bicubic"]).dropna() if "bicubic" in wide else pd.Series(dtype=float)
    if gain.empty:
        return
    best, worst = f"{gain.max():+.2f} dB on {gain.idxmax()} input", f"{gain.min():+.2f} dB on {gain.idxmin()} input"
    yield f"{net} against bicubic: {best}, {worst}."
    losing = [str(kind) for kind in gain.index[gain < 0]]
    listed = f": {'; '.join(losing)}" if losing else ""
    yield f"It falls behind on {len(losing)} of {len(gain)} degradations{listed}."


def _kinds_chart(wide: pd.DataFrame) -> Chart:
    size = (5.6, 1.5 + 0.34 * len(wide))
    sheet = decibels(wide, "PSNR of the luma (dB), mean over images", size=size, most=30, tip="{label} on {place}")
    spread = wide.max() - wide.min()
    listed = ", ".join(f"{label} {value:.2f} dB" for label, value in spread.items())
    return sheet.chart("sr-distribution-kinds", "By degradation", f"From the best degradation to the worst: {listed}.")


def _blur_chart(table: pd.DataFrame) -> Iterator[Chart]:
    widths = of(table, "blur_std_pixels").drop_duplicates("degradation").set_index("degradation")["value"]
    psnr = of(table, "psnr_db")
    psnr = psnr[psnr["degradation"].isin(widths.index) & (psnr["sigma_255"] == 0)]
    if len(widths) < 2 or psnr.empty:  # noqa: PLR2004 - a curve has two points
        return
    placed = psnr.assign(width=psnr["degradation"].map(widths).astype(float))
    mean = placed.groupby(["label", "width"], sort=False)["value"].mean()
    curves = {
        str(label): group.reset_index().sort_values("width")[["width", "value"]]
        for label, group in mean.groupby(level=0, sort=False)
    }
    ends = ", ".join(f"{label} best at {most_of(group, 'value')['width']:g}" for label, group in curves.items())
    yield lines(
        "sr-distribution-blur",
        "Against the blur before decimation",
        curves,
        f"By width of the blur in pixels: {ends}.",
        axes=("standard deviation of the blur (pixels)", "PSNR of the luma (dB)"),
    )

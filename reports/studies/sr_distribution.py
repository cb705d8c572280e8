"""An upscaler in and out of its training distribution: PSNR by degradation, and against the blur's width."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.derive.leaders import leaders
from reports.draw.look import Chart, Palette
from reports.draw.number_text import counted, gain_text, listed
from reports.studies.study import Study, decibels, lines, of

TITLE = "In and out of the training distribution"
PLACE = 5
NEEDS = "psnr_db"


def study(table: pd.DataFrame) -> Study:
    """Network and bicubic compared; nothing where only one of them was scored."""
    psnr = of(table, "psnr_db")
    noise = psnr["sigma_255"].map(lambda sigma: f", noise {sigma:g}" if sigma else "")
    psnr = _on_the_same_images(psnr.assign(kind=psnr["degradation"].astype(str) + noise))
    wide = psnr.pivot_table(index="kind", columns="label", values="value", sort=False)
    if wide.shape[1] < 2:  # noqa: PLR2004 - two are compared
        return Study(())
    palette = Palette(zip(table["method"], table["label"], strict=True))
    return Study(
        (_kinds_chart(wide, palette), *_blur_chart(table, palette)),
        tuple(_words(wide, _images(psnr))),
    )


def _on_the_same_images(psnr: pd.DataFrame) -> pd.DataFrame:
    """Of each degradation the images that all methods with any of it have: a mean of others is another mean."""
    methods = psnr.groupby("kind")["label"].transform("nunique")
    return psnr[psnr.groupby(["kind", "image"])["label"].transform("nunique") == methods]


def _images(psnr: pd.DataFrame) -> str:
    """How many images are behind each mean."""
    counts = psnr.groupby("kind")["image"].nunique()
    least, most = counts.min(), counts.max()
    return counted(most, "image") if least == most else f"{least} to {most} images"


def _best_widths(curve: pd.DataFrame) -> str:
    """Where a curve is highest: more than one width where the written values tie."""
    widths, _ = leaders(curve.assign(label=curve["width"].map("{:g}".format)), "value", "{:.2f}".format)
    return listed(widths)


def _words(wide: pd.DataFrame, images: str) -> Iterator[str]:
    """The most and the least that each network gains over bicubic, and where it loses."""
    for net in [label for label in wide if label != "bicubic" and "bicubic" in wide]:
        gain = (wide[net] - wide["bicubic"]).dropna()
        if gain.empty:
            continue
        ends = {str(gain.idxmax()): gain.max(), str(gain.idxmin()): gain.min()}
        said = ", ".join(f"{gain_text(value)} dB on {kind} input" for kind, value in ends.items())
        losing = [str(kind) for kind in gain.index[gain < 0]]
        which = f": {'; '.join(losing)}" if losing else ""
        behind = f"it falls behind on {len(losing)} of {counted(len(gain), 'degradation')}{which}"
        yield f"{net} against bicubic: {said}; {behind} (means over {images})."


def _kinds_chart(wide: pd.DataFrame, palette: Palette) -> Chart:
    size = (5.6, 1.5 + 0.34 * len(wide))
    axis = "PSNR of the luma (dB), mean over images"
    sheet = decibels(wide, axis, palette, size=size, most=30, tip="{label} on {place}")
    spread = ", ".join(f"{label} {value:.2f} dB" for label, value in (wide.max() - wide.min()).items())
    return sheet.chart("sr-distribution-kinds", "By degradation", f"From the best to the worst: {spread}.", columns=2)


def _blur_chart(table: pd.DataFrame, palette: Palette) -> Iterator[Chart]:
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
    ends = ", ".join(f"{label} best at {_best_widths(group)}" for label, group in curves.items())
    title, finding = "Against the blur before decimation", f"By width of the blur in pixels: {ends}."
    axes = ("standard deviation of the blur (pixels)", "PSNR of the luma (dB)")
    yield lines("sr-distribution-blur", title, curves, finding, axes=axes, looks=[palette[label] for label in curves])

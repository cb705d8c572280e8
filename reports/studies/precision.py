"""What narrower precisions cost: time beside decibels of networks, by runtime; what lost too much is said first."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import Chart, Palette
from reports.draw.number_text import counted, listed, seconds_text, signed, times_text
from reports.draw.sheet import Sheet, limited
from reports.read.tables import lines_of
from reports.studies.study import Study, of

TITLE = "Narrower precisions: time and quality"
NEEDS = "psnr_db"

_PUBLISHED, _WIDE = "published", "float32"
_DARK = 1.0
"""Decibels lost on one image from which on a network is no longer the same."""

_COLUMNS = columns(
    "label runtime precision psnr_db lost_db most_lost_db seconds times note",
    lost_db=("lost (dB)", ".3f"), most_lost_db=("most on an image (dB)", ".3f"),
    times=("beside its float32", times_text),
)  # fmt: skip


def study(table: pd.DataFrame) -> Study:
    """Time against decibels lost of each network, runtime and precision; losses beside torch's float32 as published."""
    ways = _ways(table)
    if ways.empty:
        return Study((), ("No network restored an image both as published and in another way.",))
    reading = (*_dark_words(ways), *_words(ways), *_emulated_words(ways), *_calibration_words(table))
    chart = _chart(ways, Palette(zip(table["method"], table["label"], strict=True)), reading[0])
    return Study((chart,), reading, (grid("precision-ways", "Precisions", ways, _COLUMNS),))


def _ways(table: pd.DataFrame) -> pd.DataFrame:
    """A line for each network, runtime and precision: means over images, medians of time."""
    key = ["label", "image", "repeat"]
    scores = of(table, "psnr_db")[[*key, "part", "value"]]
    published = scores[scores["part"] == _PUBLISHED].drop(columns="part").rename(columns={"value": "published"})
    scores = scores[scores["part"] != _PUBLISHED].merge(published, on=key)
    scores = scores.assign(lost=scores["published"] - scores["value"])
    if scores.empty:
        return scores
    by = ["label", "part"]
    scored, times = scores.groupby(by, sort=False), of(table, "seconds").groupby(by, sort=False)["value"].median()
    worst = scores.loc[scored["lost"].idxmax()].set_index(by)["image"]
    said = of(table, "emulated").groupby(by, sort=False)["note"].first()
    found = pd.DataFrame({
        "psnr_db": scored["value"].mean(), "lost_db": scored["lost"].mean(), "most_lost_db": scored["lost"].max(),
        "images": scored["image"].nunique(),
    })  # fmt: skip
    found = found.assign(worst=worst, seconds=times, note=("emulated: " + said)).reset_index()
    parted = found["part"].str.rpartition(" ")
    found = found.assign(runtime=parted[0], precision=parted[2], note=found["note"].fillna(""))
    wide = found[found["precision"] == _WIDE].set_index(["label", "runtime"])["seconds"]
    beside = wide.reindex(pd.MultiIndex.from_frame(found[["label", "runtime"]])).to_numpy()
    return found.assign(times=found["seconds"] / beside)


def _dark_words(ways: pd.DataFrame) -> Iterator[str]:
    """Those that lose more than a decibel on an image."""
    dark = ways[ways["most_lost_db"] > _DARK].sort_values("most_lost_db", ascending=False, kind="stable")
    if len(dark):
        said = "; ".join(
            f"{line.label} by {line.runtime} in {line.precision} loses {line.most_lost_db:.2f} dB on {line.worst}"
            for line in lines_of(dark)
        )
        yield f"No longer the same network, more than {_DARK:g} dB lost on an image: {said}."


def _words(ways: pd.DataFrame) -> Iterator[str]:
    """Of each network what each precision of each runtime takes and loses."""
    for label, own in ways.groupby("label", sort=False):
        said = [
            f"{line.runtime} {line.precision} {seconds_text(line.seconds)}"
            + (f" ({times_text(line.times)} its float32)" if line.precision != _WIDE and pd.notna(line.times) else "")
            + f", {signed(f'{line.lost_db:.2f}')} dB"
            + (", emulated" if line.note else "")
            for line in lines_of(own)
        ]
        over = counted(own["images"].min(), "image")
        yield f"{label}, time of a call and mean decibels lost beside the published network, {over}: {'; '.join(said)}."


def _emulated_words(ways: pd.DataFrame) -> Iterator[str]:
    emulated = ways[ways["note"] != ""]
    if len(emulated):
        yield (
            f"This processor has no instructions for {listed(emulated['precision'].unique())}: where it runs, it is "
            "emulated by converting to float32 and back, and its time says nothing of processors that have them."
        )


def _calibration_words(table: pd.DataFrame) -> Iterator[str]:
    notes = of(table, "calibrated_on")["note"].unique()
    if len(notes):
        yield f"int8 is calibrated on {'; '.join(notes)}, none of which is scored."


def _chart(ways: pd.DataFrame, palette: Palette, finding: str) -> Chart:
    """A point for each way, time across and decibels up, named by its runtime and precision."""
    sheet = Sheet()
    for label, own in limited(ways.dropna(subset=["seconds"]).groupby("label", sort=False)):
        look = palette[str(label)]
        tips = [
            f"{label}, {line.part}: {1e3 * line.seconds:.4g} ms, {line.lost_db:.3f} dB lost"
            + (f", {line.note}" if line.note else "")
            for line in lines_of(own)
        ]
        sheet.points(1e3 * own["seconds"], own["lost_db"], name=str(label), look=look, tips=tips)
        for line in lines_of(own):
            text = f"{line.part}{' (emulated)' if line.note else ''}"
            sheet.name(text, 1e3 * line.seconds, line.lost_db, look=look, series=str(label))
    sheet.axes.set_xscale("log")
    sheet.axes.set(xlabel="time of a call (ms)", ylabel="PSNR lost (dB)")
    return sheet.chart("precision", "Time and decibels lost by precision and runtime", finding, columns=2)

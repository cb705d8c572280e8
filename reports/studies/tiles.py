"""What tiles cost: decibels, seams, time and memory of networks that restore an image in parts."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import Chart, Palette
from reports.draw.number_text import at_most_text, bytes_text, counted, signed, takes_text, times_text
from reports.draw.sheet import Sheet, limited
from reports.studies.study import Study, of

TITLE = "What tiles cost"
NEEDS = "psnr_db"

_WHOLE, _EXACT, _OVERLAP = "whole", "exact", "overlap "
_LITTLE = 0.01
"""Decibels by which the PSNR may be off, either way, to be called little."""

_SEAM = """The height of the seams is, in 1/255 of white, by how much the step between two neighbouring pixels on two
sides of a border differs from the same step in the whole image's result: the mean over all such pairs and images, and
the highest of all. Memory is the most bytes of tensors and arrays alive at once.""".replace("\n", " ")

_COLUMNS = columns(
    "label part psnr_db lost_db most_lost_db seam_255 largest_seam_255 seconds times alive_bytes",
    lost_db=("lost (dB)", ".4f"), most_lost_db=("most on an image (dB)", ".4f"),
    seam_255=("seams (/ 255)", ".3f"), largest_seam_255=("highest (/ 255)", ".3f"),
    times=("beside the whole", times_text), alive_bytes=("memory", bytes_text),
)  # fmt: skip


def study(table: pd.DataFrame) -> Study:
    """What each way to cut loses beside the whole image, over the images that both restored; seams; time; memory."""
    ways = _ways(table)
    palette = Palette(zip(table["method"], table["label"], strict=True))
    drawn = ways[ways["overlap"].notna()]
    tile = of(table, "tile_pixels")["value"].unique()
    size = f"of {tile[0]:g} pixels" if len(tile) == 1 else "of several sizes"
    losses, exact = list(_loss_words(drawn, size)), _exact_words(ways[ways["part"] == _EXACT])
    charts = [
        _chart(drawn, "lost_db", ("Decibels lost", "PSNR lost (dB)"), palette, " ".join(losses)),
        _chart(drawn, "seam_255", ("Height of the seams", "seams (/ 255)"), palette, _seam_words(drawn)),
    ]
    grids = (grid("tiles-ways", "Ways to cut", ways, _COLUMNS),) if len(ways) else ()
    reading = (*losses, exact, _SEAM if len(drawn) else "")
    return Study(tuple(chart for chart in charts if chart), tuple(word for word in reading if word), grids)


def _ways(table: pd.DataFrame) -> pd.DataFrame:
    """A line for each network and way: means over images, medians of time and of its ratio to the whole image's."""
    scores, times = _beside_whole(table, "psnr_db"), _beside_whole(table, "seconds")
    scores, times = (
        scores.assign(lost=scores["whole"] - scores["value"]),
        times.assign(ratio=times["value"] / times["whole"]),
    )
    scored, timed = (own.groupby(["label", "part"], sort=False) for own in (scores, times))
    read = {name: of(table, name).groupby(["label", "part"], sort=False)["value"] for name in
            ("seam_255", "largest_seam_255", "alive_bytes")}  # fmt: skip
    found = pd.DataFrame({
        "psnr_db": scored["value"].mean(), "lost_db": scored["lost"].mean(), "most_lost_db": scored["lost"].max(),
        "most_off_db": scores["lost"].abs().groupby([scores["label"], scores["part"]], sort=False).max(),
        "images": scored["image"].nunique(), "seconds": timed["value"].median(), "times": timed["ratio"].median(),
        "seam_255": read["seam_255"].mean(), "largest_seam_255": read["largest_seam_255"].max(),
        "alive_bytes": read["alive_bytes"].max(),
    })  # fmt: skip
    found = found.reindex(pd.MultiIndex.from_frame(scores[["label", "part"]].drop_duplicates())).reset_index()
    overlap = found["part"].where(found["part"].str.startswith(_OVERLAP)).str.removeprefix(_OVERLAP)
    found["lost_db"] = found["lost_db"].round(4) + 0.0  # no -0.0000
    place = found["part"].map({_WHOLE: -2, _EXACT: -1})
    found = found.assign(overlap=pd.to_numeric(overlap, errors="coerce"), network=pd.factorize(found["label"])[0])
    return found.assign(place=place.fillna(found["overlap"])).sort_values(["network", "place"], kind="stable")


def _beside_whole(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """The readings of a quantity, each with that of the `whole` of the same image, where there is one."""
    key = ["label", "image", "seed", "sigma_255", "repeat"]
    own = of(table, quantity).drop_duplicates([*key, "part"])[[*key, "part", "value"]]
    whole = own[own["part"] == _WHOLE].drop(columns="part").rename(columns={"value": "whole"})
    return own.merge(whole, on=key)


def _loss_words(drawn: pd.DataFrame, size: str) -> Iterator[str]:
    """Of each network what it loses at each overlap, and from which on that is little on every image."""
    for label, own in drawn.groupby("label", sort=False):
        said = ", ".join(
            f"{signed(f'{lost:.3f}')} dB at {far:g}" for far, lost in zip(own["overlap"], own["lost_db"], strict=True)
        )
        over = counted(own["images"].min(), "image")
        small = own[(own["most_off_db"] < _LITTLE)[::-1].cummin()[::-1]]
        until = f"from {small['overlap'].iloc[0]:g} on it is" if len(small) else "with none of these is it"
        yield (
            f"{label} in tiles {size} loses beside the whole image, by the pixels read around a tile: {said} "
            f"(means of {over}); {until} less than {_LITTLE:g} dB off on every image."
        )


def _exact_words(exact: pd.DataFrame) -> str:
    """What exact tiles change, and what time they take."""
    if exact.empty:
        return ""
    off = f"In exact tiles no PSNR differs by more than {at_most_text(exact['most_off_db'].max())} dB"
    high = exact["largest_seam_255"].max()
    seams = "" if pd.isna(high) else f" and no seam is higher than {at_most_text(high)} / 255"
    timed = exact.dropna(subset=["times"])
    said = (
        f"{label} {takes_text(times, 'the whole image')}"
        for label, times in zip(timed["label"], timed["times"], strict=True)
    )
    return f"{off}{seams}; {', '.join(said)}.".replace("; .", ".")


def _seam_words(drawn: pd.DataFrame) -> str:
    """How high the seams of each network are at the smallest and the largest overlap."""
    said = []
    for label, own in drawn.dropna(subset=["seam_255"]).groupby("label", sort=False):
        low, high = (f"{line.seam_255:.2f} / 255 at {line.overlap:g}" for line in own.iloc[[0, -1]].itertuples())
        said.append(f"{label} {low}" + (f", {high}" if len(own) > 1 else ""))
    return f"Mean height of the seams by the pixels read around a tile: {'; '.join(said)}."


def _chart(drawn: pd.DataFrame, column: str, titles: tuple[str, str], palette: Palette, finding: str) -> Chart | None:
    """A line for each network against overlap; none where nothing was read."""
    known = drawn.dropna(subset=[column])
    if known.empty:
        return None
    sheet = Sheet()
    for label, own in limited(known.groupby("label", sort=False)):
        tips = [
            f"{label}: {up:.4g} at an overlap of {far:g}" for far, up in zip(own["overlap"], own[column], strict=True)
        ]
        sheet.line(own["overlap"], own[column], name=str(label), look=palette[str(label)], tips=tips)
    sheet.axes.set(xlabel="overlap: pixels of the degraded image read around a tile", ylabel=titles[1])
    return sheet.chart(f"tiles-{column.replace('_', '-')}", titles[0], finding)

"""What a set of images is like: sizes, depth, colour, noise, and which are the same pixels twice."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

from bench.measure.noise_estimate import estimated_sigma
from bench.talk import counted
from restoration.errors import ImageError, PackageMissingError, RangeError

if TYPE_CHECKING:
    from restoration.images import Picture

NOISE = (
    "noise as scikit-image's estimate_sigma gives it: median absolute deviation of the finest diagonal coefficients of "
    "the wavelet db2, over 0.6745; mean over channels; on the 8-bit scale; fine texture counts as noise"
)
"""The convention of `noise_255`."""

NO_NOISE = "noise was not estimated: scikit-image's estimator needs PyWavelets (pip install 'restobench[peers]')"


@dataclass(frozen=True)
class Described:
    """One image of a set; its fields are the columns of the table."""

    image: str
    width: int
    height: int
    color: str
    """`grey`, `colour`, or `grey in three channels`."""
    bits: int
    """Of one sample as decoded; 32 where the file holds floats."""
    noise_255: float | None
    """Standard deviation, on the 8-bit scale; see `NOISE`."""
    same_as: str
    """An image before it that has the same pixels."""
    note: str
    """What was converted on loading."""


def describe(files: Mapping[str, Path]) -> tuple[list[Described], list[str]]:
    """Each image by its name that can be read, and why each of the others cannot."""
    from restoration.images import load_image

    found, broken = [], []
    seen: dict[str, str] = {}
    for name, path in files.items():
        try:
            picture = load_image(path)
        except ImageError as error:
            broken.append(str(error))
            continue
        first = seen.setdefault(_pixels_hash(picture), name)
        found.append(_described(name, picture, "" if first == name else first))
    return found, broken


def in_words(described: Sequence[Described]) -> Iterator[str]:
    """The set as a whole, in a few lines."""
    widths, heights = ([getattr(each, side) for each in described] for side in ("width", "height"))
    colors = ", ".join(f"{count} {color}" for color, count in sorted(Counter(each.color for each in described).items()))
    depths = ", ".join(f"{n} of {bits} bits" for bits, n in sorted(Counter(each.bits for each in described).items()))
    sizes = _span(f"{min(widths)} x {min(heights)}", f"{max(widths)} x {max(heights)}")
    yield f"{counted(len(described), 'image')} ({colors}; {depths}), {sizes} pixels (width x height)"
    noises = [each.noise_255 for each in described if each.noise_255 is not None]
    if noises:
        middle = f", median {median(noises):.2f}" if len(noises) > 1 else ""
        yield f"noise {_span(f'{min(noises):.2f}', f'{max(noises):.2f}')} / 255{middle}; {NOISE}"
    else:
        yield NO_NOISE
    if twice := [each for each in described if each.same_as]:
        said = ", ".join(f"{each.image} and {each.same_as}" for each in twice)
        yield f"{len(twice)} with the same pixels as another: {said}"


def _span(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"


def _described(name: str, picture: Picture, same_as: str) -> Described:
    channels, height, width = picture.pixels.shape
    color = "colour" if channels > 1 else "grey"
    if channels > 1 and bool((picture.pixels == picture.pixels[:1]).all()):
        color = "grey in three channels"
    return Described(name, width, height, color, picture.bits, _noise(picture), same_as, picture.note)


def _noise(picture: Picture) -> float | None:
    """None where the estimator is not there; 0 for an image without any detail."""
    try:
        return round(255 * fmean(map(estimated_sigma, picture.pixels)), 3)
    except RangeError:
        return 0.0
    except PackageMissingError:
        return None


def _pixels_hash(picture: Picture) -> str:
    """Of the pixels as they are restored, whatever file format they were stored in."""
    digest = hashlib.sha256(repr(tuple(picture.pixels.shape)).encode())
    digest.update(picture.pixels.contiguous().numpy().tobytes())
    return digest.hexdigest()

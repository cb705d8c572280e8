"""The degradations of a quality section: as they are written in TOML, and what denoisers are told under each.

Nothing heavy is imported before a section with a degradation is read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from bench.errors import SpecError
from bench.plan.case import GIVEN
from restoration.method import Option


def usual(task: str) -> str:
    """The degradation of a task that a spec says nothing of."""
    return "awgn" if task == "denoise" else "bicubic"


def check_degradation(text: str) -> str:
    """`text` where it names a degradation with options that it has; raises `RestorationError`."""
    from restoration.degradations import get

    if text != GIVEN:
        get(text)
    return text


def check_metrics(names: tuple[str, ...]) -> tuple[str, ...]:
    """`names` where each names a metric and no two fill one column; raises `RestorationError`."""
    from restoration.metrics import chosen

    chosen(names)
    return names


def expanded(texts: Sequence[str], options: Mapping[str, Sequence[Option]]) -> Iterator[str]:
    """Each degradation with every combination of the options, as a case names it; raises `RestorationError`."""
    from restoration.degradations import written

    grid = [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]
    for text, values in itertools.product(texts, grid):
        yield check_degradation(written(text, values))


def reduces(text: str) -> bool:
    """Whether it makes images smaller, which is what upscalers take; given images may be."""
    from restoration.degradations import get

    return text == GIVEN or get(text).reduces


def told_sigmas(text: str, sigmas: Sequence[float], *, named: bool) -> Sequence[float]:
    """What denoisers are told under a degradation, on the 8-bit scale; `named` says whether a spec names `sigmas`.

    Raises `SpecError` where it has to be named and is not.
    """
    from restoration.degradations import get

    if named or text == GIVEN or (found := get(text)).adds_sigma:
        return sigmas
    if (own := found.told_sigma()) is None:
        raise SpecError(
            f"degradation {text} does not say how strong it is as noise: name what denoisers are told, as in "
            "sigma_255 = 10"
        )
    return (in_tables(own),)


def in_tables(sigma: float) -> float:
    """A sigma that a degradation says of itself, in image units, as cases carry it: to 0.01 / 255."""
    return round(255 * sigma, 2)

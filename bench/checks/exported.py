"""Writes a method's network as a model file, and asks whether it is still the same network.

The file is read back as a method by its path, so that what is compared is what others get: both restore the same
degraded parts of bundled images.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError
from bench.machine.clock import Clock, clock_for
from bench.machine.threads import fixed_threads, usable_cores
from bench.measure.calls import back_and_forth, seconds_per_call
from restoration.catalog import get
from restoration.method import Method, Setup

if TYPE_CHECKING:
    from torch import Tensor, nn

_IMAGES = {1: ("camera", "coins", "moon"), 3: ("astronaut", "chelsea", "coffee")}
_SIDES = (192, 256)
"""Height and width of the part that is taken of each; even, and no square."""

_EXAMPLE = (32, 48)

_ROUNDS, _MOST_ROUNDS, _SECONDS = 4, 1000, 0.2
"""How often the two are timed in turn: at least, at most, and until so much time was spent."""

_CALIBRATED = (15.0, 25.0, 50.0)
"""The noise, on the 8-bit scale, that ranges of a network that is told sigma are measured with."""

_LOST_DB = 0.01
_LOST_DB_INT8 = 1.0
"""What a network in 8 bits may lose on an image, however far single pixels are off."""
_DIFFERENCE = 5e-3
"""Image units; a runtime's larger Winograd tiles differ by less, another network by far more."""


@dataclass(frozen=True)
class Comparison:
    """One image restored by the method and by the file."""

    image: str
    difference: float
    """The largest, in image units."""
    psnr_db: float
    """Of the method."""
    lost_db: float
    method_ms: float
    """Milliseconds per megapixel of the output."""
    file_ms: float
    precision: str = "float32"

    @property
    def same(self) -> bool:
        """Whether it is still the same network, as far as its precision lets it be."""
        if self.precision == "int8":
            return self.lost_db <= _LOST_DB_INT8
        return self.difference <= _DIFFERENCE and self.lost_db <= _LOST_DB


def write(name: str, setup: Setup, to: str, folder: Path, *, precision: str = "float32") -> list[Path]:
    """Writes the network of the method `name` in the format `to`; the first file names the model.

    Raises BenchError for an unknown format or precision, for a method that is no network and for a folder that cannot
    be written to, FormatError naming the layer or the precision that the format does not have, and PackageMissingError.
    """
    import torch

    from restoration.runtimes.writing import PRECISIONS, Model, written

    if to not in PRECISIONS:
        raise BenchError(f"unknown --to {to!r}; expected one of {', '.join(PRECISIONS)}")
    known = dict.fromkeys(held for able in PRECISIONS.values() for held in able)
    if precision not in known:
        raise BenchError(f"unknown --precision {precision!r}; expected one of {', '.join(known)}")
    method = get(name)
    checked = method.checked(setup)
    network, told = network_of(method, checked)
    examples = [torch.zeros(1, setup.channels, *_EXAMPLE), *([torch.full((1, 1, 1, 1), 0.1)] if told else [])]
    model = Model(network, examples, precision, partial(_calls, checked, told=told))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return written(model, to, folder / _stem(name, setup, precision))
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise BenchError(f"{folder}: no folder that can be written to ({said}); give another by --out") from error


def _stem(name: str, setup: Setup, precision: str) -> str:
    """What the files are called, without suffix."""
    own = re.sub(r"[^\w.-]+", "-", Path(name).name.replace(".py:", "-"))
    scaled = f"-x{setup.scale}" if setup.scale > 1 else ""
    return f"{own}{scaled}{f'-{precision}' if precision != Setup.dtype else ''}"


def _calls(setup: Setup, *, told: bool) -> list[list[Tensor]]:
    """What int8 is calibrated on: pictures, of several noise levels where the network is told sigma."""
    import torch

    from restoration.runtimes.calibration import pictures

    if not told:
        return [[picture] for picture in pictures(setup)]
    return [
        [picture, torch.full((1, 1, 1, 1), sigma_255 / 255)]
        for sigma_255 in _CALIBRATED
        for picture in pictures(replace(setup, sigma=sigma_255 / 255))
    ]


def network_of(method: Method, setup: Setup) -> tuple[nn.Module, bool]:
    """The torch module of a method, in evaluation mode, and whether it takes sigma as a second input."""
    from torch import nn

    if method.network:
        return method.network(setup)
    made: Any = method.build(setup)
    if isinstance(made, partial) and isinstance(made.func, nn.Module):
        return _bound(made.func, made.keywords).eval(), False
    if isinstance(made, nn.Module):
        return made.eval(), False
    raise BenchError(f"{method.name}: is no torch module, so there is nothing to write; expected a network")


def compared(name: str, setup: Setup, path: Path, *, precision: str = "float32") -> Iterator[Comparison]:
    """The method and the file at `path` on each image, both with the setup's sigma and as many threads as cores."""
    method, file = get(name), get(str(path))
    told = replace(setup, threads=usable_cores())
    with fixed_threads(told.threads):
        own = method.build(method.checked(told))
        written = file.build(file.checked(replace(told, options={})))
        for image in _IMAGES[setup.channels]:
            yield replace(_compared(image, own, written, setup), precision=precision)


def _compared(
    image: str, own: Callable[[Tensor], Tensor], written: Callable[[Tensor], Tensor], setup: Setup
) -> Comparison:
    from restoration.degradations import degrade
    from restoration.images import bundled_image
    from restoration.quality import psnr

    pixels = bundled_image(image, channels=setup.channels).pixels
    top, left = ((side - part) // 2 for side, part in zip(pixels.shape[1:], _SIDES, strict=True))
    clean = pixels[:, top : top + _SIDES[0], left : left + _SIDES[1]]
    kind = "bicubic" if setup.scale > 1 else "awgn"
    shown = degrade(clean, kind, sigma=0.0 if setup.scale > 1 else setup.sigma, scale=setup.scale, seed=0)[None]
    first, second = own(shown)[0], written(shown)[0]
    quality = psnr(first, clean[:, : first.shape[1], : first.shape[2]])
    megapixels = first[0].numel() / 1e6
    times = [1e3 * seconds / megapixels for seconds in _in_turn((own, written), shown, clock_for("cpu"))]
    return Comparison(
        image=image,
        difference=float((first - second).abs().max()),
        psnr_db=quality,
        lost_db=quality - psnr(second, clean[:, : first.shape[1], : first.shape[2]]),
        method_ms=times[0],
        file_ms=times[1],
    )


def _in_turn(restorers: Sequence[Callable[[Tensor], Tensor]], shown: Tensor, clock: Clock) -> list[float]:
    """The median seconds of each, called in turn, in the other order every second time, after one call each."""
    calls = [partial(seconds_per_call, partial(restore, shown), clock) for restore in restorers]
    for call in calls:
        call()
    rounds: list[list[float]] = []
    while len(rounds) < _ROUNDS or (sum(map(sum, rounds)) < _SECONDS and len(rounds) < _MOST_ROUNDS):
        rounds.append(back_and_forth(calls, len(rounds)))
    return [statistics.median(samples) for samples in zip(*rounds, strict=True)]


def _bound(network: nn.Module, arguments: dict[str, Any]) -> nn.Module:
    """A function of the batch alone: `network` with the setup's numbers, sigma's among them, built in."""
    from torch import nn

    class Bound(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, degraded: Tensor) -> Any:
            return self.network(degraded, **arguments)

    return Bound()

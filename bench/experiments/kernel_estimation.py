"""Which degradation was it trained for? The reduction kernel found through a frozen upscaler, in both generators.

Scored twice: against MATLAB's bicubic kernel after alignment, and by the upscaler's PSNR on images reduced with the
kernel found, with the true one and with a box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import cast

import torch
from torch import Tensor

from bench.experiments.scene import Scene, middle, not_measured
from bench.plan.case import Case, Reading
from bench.plan.experiments import chosen
from restoration.catalog import get, imported, names
from restoration.degradation import crop_to_multiple, reduce_by
from restoration.errors import OptionError, RestorationError
from restoration.images import Picture
from restoration.kernel_estimation import (
    Generator,
    KernelEstimate,
    bicubic_kernel,
    box_kernel,
    compare_kernels,
    estimate_kernel,
)
from restoration.method import Option, Setup
from restoration.quality import luma, psnr, quantize

SECONDS = 69
"""About how long it takes."""

CHANNELS = (3,)
"""Of the images it uses."""

DEFAULTS: Mapping[str, Option] = {
    "upscaler": "psnr-small-x2",
    "generators": "free linear",
    "size": 12,
    "scale": 2,
    "steps": 210,
    "images": 3,
    "rate": 0.0,
}
"""`upscaler`: a built-in network, an RDN checkpoint by name or file, or `file.py:OBJECT`, a torch module or
differentiable function. `images`: how many, from the first; the kernel is found on one crop of each. `rate`: Adam's
first step size, 0 for the generator's own."""

SHAVE = 8
"""Pixels removed at each border before scoring, on luma."""
SCORED = 192
"""Side of the part of each image that is scored, in pixels: scoring must not take longer than finding."""

Upscaler = Callable[[Tensor], Tensor]


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """Losses, kernels, profiles and both scores for each generator."""
    option = chosen("kernel-estimation", options, DEFAULTS)
    generators = str(option["generators"]).split()
    for index, generator in enumerate(generators):
        case = Case(
            "experiment", "kernel-estimation", generator, task="upscale", channels=3, scale=int(option["scale"]),
            threads=scene.threads, seed=scene.seed,
        )  # fmt: skip
        try:
            yield from _found(case, option, scene, partial(_share, scene.progress, index, len(generators)))
        except RestorationError as error:
            yield case, not_measured(error)


def _found(
    case: Case, option: Mapping[str, Option], scene: Scene, progress: Callable[[float], None]
) -> Iterator[tuple[Case, Reading]]:
    """Everything about one generator's kernel."""
    size, steps = int(option["size"]), int(option["steps"])
    upscaler = _upscaler(str(option["upscaler"]))
    pictures = scene.color[: int(option["images"])]
    estimate = estimate_kernel(
        upscaler,
        [picture.pixels for picture in pictures],
        size=size,
        scale=case.scale,
        steps=steps,
        generator=_generator(case.variant),
        learning_rate=float(option["rate"]),
        seed=case.seed,
        on_step=lambda step, *_: progress((step + 1) / steps),
    )
    true = bicubic_kernel(size, case.scale)
    kernels = {"found": estimate.kernel, "true": true, "box": box_kernel(size, case.scale)}
    for reading in chain(_match(estimate, true), _losses(estimate.losses, len(pictures)), _weights(kernels)):
        yield case, reading
    for picture in pictures:
        yield from _scores(replace(case, image=picture.name), upscaler, picture, kernels)


def _share(progress: Callable[[float], None], index: int, count: int, done: float) -> None:
    progress((index + done) / count)


def _match(estimate: KernelEstimate, true: Tensor) -> Iterator[Reading]:
    match = compare_kernels(estimate.kernel, true)
    yield Reading("correlation", match.correlation)
    yield Reading("relative_error", match.relative_error)
    yield Reading("shift_pixels", float(match.shift[0]), "px", part="rows")
    yield Reading("shift_pixels", float(match.shift[1]), "px", part="columns")


def _losses(losses: Sequence[float], crops: int) -> Iterator[Reading]:
    """Loss against step, each the mean of a round: a step sees one crop, and crops differ more than steps do."""
    for number, first in enumerate(range(0, len(losses), crops)):
        turn = losses[first : first + crops]
        yield Reading("step", float(first), part="loss", repeat=number)
        yield Reading("loss", sum(turn) / len(turn), part="loss", repeat=number)


def _weights(kernels: Mapping[str, Tensor]) -> Iterator[Reading]:
    """Each kernel's weights row by row, and its profile: the sum over rows."""
    for part, kernel in kernels.items():
        yield Reading("kernel_size", float(len(kernel)), "px", part=part)
        for place, weight in enumerate(kernel.flatten().tolist()):
            yield Reading("kernel_weight", weight, part=part, repeat=place)
        for place, weight in enumerate(kernel.sum(0).tolist()):
            yield Reading("offset_pixels", place - (len(kernel) - 1) / 2, "px", part=part, repeat=place)
            yield Reading("profile", weight, part=part, repeat=place)


def _scores(
    case: Case, upscaler: Upscaler, picture: Picture, kernels: Mapping[str, Tensor]
) -> Iterator[tuple[Case, Reading]]:
    """PSNR of the upscaler on the middle of `picture`, reduced by each kernel and stored as 8 bits."""
    clean = crop_to_multiple(middle(picture.pixels, SCORED), case.scale)
    for part, kernel in kernels.items():
        with torch.inference_mode():
            restored = quantize(upscaler(quantize(reduce_by(clean, kernel, case.scale))[None])[0])
        yield case, Reading("psnr_db", psnr(luma(restored), luma(clean), shave=SHAVE), "dB", part=part)


def _generator(name: str) -> Generator:
    if name not in {"free", "linear"}:
        raise OptionError(f"unknown kernel generator {name!r}; expected free or linear")
    return "free" if name == "free" else "linear"


def _upscaler(name: str) -> Upscaler:
    """The differentiable upscaler that `name` stands for."""
    if ":" in name:
        return cast("Upscaler", imported(name))
    if name in names() and (method := get(name)).network is not None:
        setup = Setup(channels=CHANNELS[0], scale=method.scales[0])
        return cast("Upscaler", method.network(method.checked(setup))[0])
    from restoration.rdn import load_rdn

    return load_rdn(name)

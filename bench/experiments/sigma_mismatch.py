"""Denoisers told a wrong sigma: the PSNR against told over true sigma, with sigma estimated, and from 8-bit noise.

Part `told`: a curve over `told_over_true`, the noise neither clipped nor rounded (`awgn`). Part `estimated`: told what
scikit-image's `estimate_sigma` finds in that noisy image, scaled to [0, 1] as the image is: the median absolute detail
of one level of the wavelet db2 over 0.6745 (Donoho and Johnstone 1994), with no correction for clipping. The same from
the noisy image clipped to [0, 1] and rounded to 8 bits (`awgn-8-bits`), told the true sigma and the estimate. PSNR as
for every denoiser: over all pixels of the output as it comes, neither clipped nor rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bench.experiments.scene import Scene, not_measured
from bench.measure.noise_estimate import estimated_sigma
from bench.plan.case import Case, Reading
from bench.plan.experiments import chosen
from restoration.catalog import get
from restoration.degradation import add_gaussian_noise
from restoration.errors import OptionError, RestorationError
from restoration.images import Picture
from restoration.method import Method, Option
from restoration.quality import psnr, quantize

SECONDS = 250
"""About how long it takes."""

CHANNELS = (1,)
"""Of the images it uses."""

TASK = "denoise"
"""Of the methods that its option `methods` may name."""

DEFAULTS: Mapping[str, Option] = {
    "methods": "dct,ffdnet,wavelet,tv,nlm,xphoto-dct", "images": 3, "sigmas_255": "15,25,50",
    "told": "0.5,0.7,0.8,0.9,1,1.1,1.2,1.5,2",
}  # fmt: skip
"""`told`: sigmas that are told, over the true one; 1 is always among them. `images`: how many, from the first."""

TRUE = 1.0
"""Told over true sigma where the truth is told."""

CLIPPED = "awgn-8-bits"
"""The degradation of a noisy image that was clipped to [0, 1] and rounded to 8 bits."""


@dataclass(frozen=True)
class Noisy:
    """A degraded image and what is known of it."""

    case: Case
    image: Tensor
    """(1, H, W)."""
    clean: Tensor
    estimate: float | RestorationError
    """Its sigma in image units as it is estimated, or why it is not."""


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """Of each image and sigma the estimates and the input's PSNR; then the curves of each method."""
    option = chosen("sigma-mismatch", options, DEFAULTS)
    told = sorted({TRUE, *_positive("told", option["told"])})
    if not (pictures := scene.gray[: int(option["images"])]):
        raise OptionError(f"sigma-mismatch: images takes a number of 1 or more, got {option['images']}")
    inputs = [
        noisy
        for sigma_255 in _positive("sigmas_255", option["sigmas_255"])
        for picture in pictures
        for noisy in _degraded(picture, sigma_255, scene)
    ]
    for noisy in inputs:
        yield from _of_input(noisy)
    names = [name.strip() for name in str(option["methods"]).split(",")]
    for done, name in enumerate(names):
        try:
            method = _denoiser(name)
        except RestorationError as error:
            yield replace(inputs[0].case, variant=f"{name} default", image=""), not_measured(error)
            continue
        for count, noisy in enumerate(inputs):
            yield from _of_method(method, noisy, told)
            scene.progress((done + (count + 1) / len(inputs)) / len(names))


def _denoiser(name: str) -> Method:
    """The method called `name`; raises `OptionError` where it does not denoise."""
    method = get(name)
    if method.task != TASK:
        raise OptionError(f"{name}: is told no sigma, since it does not denoise; name denoisers in the option methods")
    return method


def _degraded(picture: Picture, sigma_255: float, scene: Scene) -> Iterator[Noisy]:
    """One image under one noise: as it is drawn, and clipped and rounded."""
    case = Case(
        "experiment", "sigma-mismatch", "noisy default", task="denoise", threads=scene.threads, image=picture.name,
        sigma_255=sigma_255, degradation="awgn", seed=scene.seed,
    )  # fmt: skip
    drawn = add_gaussian_noise(picture.pixels, sigma_255 / 255, seed=scene.seed)
    for degradation, image in (("awgn", drawn), (CLIPPED, quantize(drawn))):
        try:
            estimate: float | RestorationError = estimated_sigma(image[0])
        except RestorationError as error:
            estimate = error
        yield Noisy(replace(case, degradation=degradation), image, picture.pixels, estimate)


def _of_input(noisy: Noisy) -> Iterator[tuple[Case, Reading]]:
    """What is estimated from the noisy image, and how far it is from the clean one."""
    yield noisy.case, Reading("psnr_db", psnr(noisy.image, noisy.clean), "dB", part="input")
    if isinstance(noisy.estimate, RestorationError):
        yield noisy.case, not_measured(noisy.estimate, part="estimated")
    else:
        yield noisy.case, Reading("estimated_sigma_255", 255 * noisy.estimate, "1/255", part="estimated")


def _of_method(method: Method, noisy: Noisy, told: list[float]) -> Iterator[tuple[Case, Reading]]:
    """One method on one noisy image: the curve over the sigma it is told, or the truth alone where that is clipped."""
    case = replace(noisy.case, variant=f"{method.name} default")
    true = noisy.case.sigma_255 / 255
    ratios = told if case.degradation == "awgn" else [TRUE]
    for place, ratio in enumerate(ratios):
        yield case, Reading("told_over_true", ratio, part="told", repeat=place)
        yield case, replace(_psnr(method, noisy, ratio * true, "told"), repeat=place)
    if isinstance(noisy.estimate, float):
        yield case, _psnr(method, noisy, noisy.estimate, "estimated")


def _psnr(method: Method, noisy: Noisy, sigma: float, part: str) -> Reading:
    """The PSNR of what `method` restores where it is told `sigma`, or why it does not."""
    case = replace(noisy.case, sigma_255=255 * sigma)
    try:
        restore = method.build(method.checked(case.setup()))
        with torch.inference_mode():
            return Reading("psnr_db", psnr(restore(noisy.image[None])[0], noisy.clean), "dB", part=part)
    except RestorationError as error:
        return not_measured(error, about=f"{method.name}, told sigma {255 * sigma:.4g}: ", part=part)


def _positive(name: str, text: Option) -> list[float]:
    """Numbers above 0 by commas; raises `OptionError`."""
    try:
        numbers = [float(number) for number in str(text).split(",")]
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number < math.inf for number in numbers):
        raise OptionError(f"sigma-mismatch: {name} takes numbers above 0 by commas, as in 15,25, got {text!r}")
    return numbers

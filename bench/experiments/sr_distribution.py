"""In and out of the training distribution: an upscaling network and bicubic over several degradations.

The network was trained on images reduced by MATLAB's bicubic filter. How much of its lead survives other reductions:
plain decimation (as it comes, and with the half-pixel shift undone), Gaussian blur of several widths before it, and
noise on the reduced image. Low resolution is stored as 8 bits; scored on 8-bit luma with 8 pixels removed at each
border, so that no method's border counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from bench.experiments.scene import Scene, not_measured
from bench.plan.case import Case, Reading
from bench.plan.experiments import chosen
from restoration.catalog import get
from restoration.degradation import crop_to_multiple
from restoration.degradations import align, degrade
from restoration.errors import RestorationError
from restoration.images import Picture
from restoration.method import Option, Restore
from restoration.quality import luma, mean_offset, psnr, quantize, residual_std, ssim

SECONDS = 91
"""About how long it takes."""

CHANNELS = (3,)
"""Of the images it uses."""

DEFAULTS: Mapping[str, Option] = {"upscaler": "rdn-psnr-small", "scale": 2, "images": 4}
"""`upscaler`: the method compared with bicubic, any that takes colour. `images`: how many, from the first."""

SHAVE = 8
"""Pixels removed at each border before scoring."""

CROP = 32
"""Side of the crops that are shown, in pixels; they are enlarged `ENLARGED` times, every pixel repeated."""
ENLARGED = 8


@dataclass(frozen=True)
class Condition:
    """A degradation: its name, the noise on the 8-bit scale, and the blur's width in pixels for the curve over it."""

    degradation: str
    sigma_255: float = 0.0
    blur: float | None = None


BLURS = (0.4, 0.8, 1.2, 1.6, 2.0)

CONDITIONS = (
    Condition("bicubic"),
    Condition("decimate"),
    Condition("decimate-registered", blur=0.0),
    *(Condition(f"blur-{blur:g}-decimate-registered", blur=blur) for blur in BLURS),
    Condition("bicubic", sigma_255=2),
    Condition("bicubic", sigma_255=5),
    Condition("bicubic", sigma_255=10),
)
"""From what the network was trained on, away from it."""


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """Scores of both methods for each image and condition; crops of the first image under each condition."""
    option = chosen("sr-distribution", options, DEFAULTS)
    scale = int(option["scale"])
    pictures = scene.color[: int(option["images"])]
    upscalers = dict.fromkeys((str(option["upscaler"]), "bicubic"))
    for done, name in enumerate(upscalers):
        case = _case(name, scale, scene)
        try:
            method = get(name)
            upscale = method.build(method.checked(case.setup()))
        except RestorationError as error:
            yield case, not_measured(error, about=f"{name}: ")
            continue
        for count, picture in enumerate(pictures):
            for condition in CONDITIONS:
                yield from _scored(case, upscale, picture, condition, scene if count == 0 else None)
            scene.progress((done + (count + 1) / len(pictures)) / len(upscalers))
    yield from _given_crops(scene, scale)


def upscaled(upscale: Restore, clean: Tensor, condition: Condition, *, scale: int, seed: int) -> Tensor:
    """What `upscale` makes of the low resolution of `clean` (C, H, W): aligned, rounded to 8 bits."""
    sigma = condition.sigma_255 / 255
    low = degrade(clean, condition.degradation, sigma=sigma, scale=scale, seed=seed)
    with torch.inference_mode():
        restored = align(upscale(low[None])[0], condition.degradation, scale=scale)
    return quantize(restored)


def _scored(
    case: Case, upscale: Restore, picture: Picture, condition: Condition, scene: Scene | None
) -> Iterator[tuple[Case, Reading]]:
    """The readings of one image under one condition; with a `scene`, its crops too."""
    case = _under(case, picture, condition)
    clean = crop_to_multiple(picture.pixels, case.scale)
    restored = upscaled(upscale, clean, condition, scale=case.scale, seed=case.seed)
    wanted, got = luma(clean), luma(restored)
    yield case, Reading("psnr_db", psnr(got, wanted, shave=SHAVE), "dB")
    yield case, Reading("ssim", ssim(got, wanted, shave=SHAVE))
    yield case, Reading("mean_offset_255", 255 * mean_offset(got, wanted, shave=SHAVE), "1/255")
    yield case, Reading("residual_std_255", 255 * residual_std(got, wanted, shave=SHAVE), "1/255")
    if condition.blur is not None:
        yield case, Reading("blur_std_pixels", condition.blur, "px")
    if scene:
        top, left = _corner(clean)
        name = f"{picture.name} {condition.degradation} {condition.sigma_255:g} {case.variant}"
        yield case, _crop(scene, name, "restored", restored[..., top : top + CROP, left : left + CROP])


def _given_crops(scene: Scene, scale: int) -> Iterator[tuple[Case, Reading]]:
    """Crops of the first image: the input of every upscaler, and the clean image that it should restore."""
    if not scene.color:
        return
    picture = scene.color[0]
    clean = crop_to_multiple(picture.pixels, scale)
    top, left = _corner(clean)
    case = Case("experiment", "sr-distribution", "clean", task="upscale", channels=3, image=picture.name)
    crop = clean[..., top : top + CROP, left : left + CROP]
    yield case, _crop(scene, f"{picture.name} clean", "clean", crop)
    for condition in CONDITIONS:
        low = degrade(
            clean, condition.degradation, sigma=condition.sigma_255 / 255, scale=scale, seed=scene.seed
        )[..., top // scale :, left // scale :][..., : CROP // scale, : CROP // scale]  # fmt: skip
        name = f"{picture.name} {condition.degradation} {condition.sigma_255:g}"
        yield _under(_case("degraded", scale, scene), picture, condition), _crop(scene, name, "degraded", low)


def _crop(scene: Scene, name: str, part: str, crop: Tensor) -> Reading:
    """A picture of `crop` at `ENLARGED` times the clean image's scale, every pixel repeated."""
    shown = interpolate(crop[None], size=(CROP * ENLARGED, CROP * ENLARGED), mode="nearest")[0]
    return Reading("picture", None, part=part, note=scene.save_picture(f"{name} {part}", shown))


def _corner(clean: Tensor) -> tuple[int, int]:
    """Top left of the crop with most detail, on a grid of crops; divisible by every scale below 5."""
    step = 24
    detail = luma(clean)[0].diff(dim=0)[:, :-1].abs() + luma(clean)[0].diff(dim=1)[:-1].abs()
    windows = detail.unfold(0, CROP, step).unfold(1, CROP, step).mean((-1, -2))  # (rows, columns)
    best = int(windows.argmax())
    return best // windows.shape[1] * step, best % windows.shape[1] * step


def _case(name: str, scale: int, scene: Scene) -> Case:
    return Case(
        "experiment", "sr-distribution", name, task="upscale", channels=3, scale=scale, threads=scene.threads,
        seed=scene.seed,
    )  # fmt: skip


def _under(case: Case, picture: Picture, condition: Condition) -> Case:
    return replace(case, image=picture.name, degradation=condition.degradation, sigma_255=condition.sigma_255)

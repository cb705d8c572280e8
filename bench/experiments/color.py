"""Colour denoising: the DCT through the orthonormal 3-point colour transform or per channel, and FFDNet for colour.

Noise of one deviation on each of red, green and blue, not clipped; scored on all three channels as the output comes,
neither clipped nor rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from bench.experiments.scene import Scene, not_measured
from bench.plan.case import Case, Reading, options_text
from bench.plan.experiments import chosen
from restoration.catalog import get
from restoration.degradation import add_gaussian_noise
from restoration.errors import RestorationError
from restoration.images import Picture
from restoration.method import Option, Restore, variant_of
from restoration.quality import psnr, residual_std, ssim

SECONDS = 13
"""About how long it takes."""

CHANNELS = (3,)
"""Of the images it uses."""

DEFAULTS: Mapping[str, Option] = {"sigma_255": 25.0, "images": 6}
"""`sigma_255`: the noise. `images`: how many, from the first."""

VARIANTS: tuple[tuple[str, Mapping[str, Option]], ...] = (
    ("noisy", {}),
    ("dct", {"color_transform": "none"}),
    ("dct", {"color_transform": "opp"}),
    ("ffdnet", {}),
)
"""Methods and options in the order of the table."""


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """PSNR, SSIM and residual deviation of each variant on each image; pictures of the first image."""
    option = chosen("color", options, DEFAULTS)
    sigma_255 = float(option["sigma_255"])
    pictures = scene.color[: int(option["images"])]
    for done, (name, chosen_options) in enumerate(VARIANTS):
        case = Case(
            "experiment", "color", f"{name} {variant_of(chosen_options)}", options_text(chosen_options), "denoise", 3,
            threads=scene.threads, sigma_255=sigma_255, degradation="awgn", seed=scene.seed,
        )  # fmt: skip
        try:
            method = get(name)
            restore = method.build(method.checked(case.setup()))
        except RestorationError as error:
            yield case, not_measured(error, about=f"{name}: ")
            continue
        for count, picture in enumerate(pictures):
            yield from _scored(replace(case, image=picture.name), restore, picture, scene if count == 0 else None)
        scene.progress((done + 1) / len(VARIANTS))


def _scored(case: Case, restore: Restore, picture: Picture, scene: Scene | None) -> Iterator[tuple[Case, Reading]]:
    noisy = add_gaussian_noise(picture.pixels, case.sigma_255 / 255, seed=case.seed)
    with torch.inference_mode():
        restored = restore(noisy[None])[0]
    yield case, Reading("psnr_db", psnr(restored, picture.pixels), "dB")
    yield case, Reading("ssim", ssim(restored, picture.pixels))
    yield case, Reading("residual_std_255", 255 * residual_std(restored, picture.pixels), "1/255")
    if scene:
        path = scene.save_picture(f"{picture.name} {case.variant}", restored)
        yield case, Reading("picture", None, part="restored", note=path)

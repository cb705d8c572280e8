"""The DCT denoiser in two steps and several scales: hard thresholds, then a Wiener filter guided by their result.

Pierazzo, Morel and Facciolo, Multi-scale DCT denoising, Image Processing On Line 2017, 10.5201/ipol.2017.201. With
`Steps.of_ratio(B, 3)` and 4 scales it is their program; with learnt tables every frequency has its own numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from scipy.fft import dctn, idctn
from torch import Tensor

from restoration.dct.denoise import ColorTransform, as_batch, check_ratio, check_sigma, in_colors
from restoration.dct.dense import DENSE
from restoration.dct.learnt import SHIPPED, learnt_for
from restoration.dct.overlap import Transform, average_blocks, check_grid
from restoration.dct.separable import SEPARABLE
from restoration.dct.steps import Steps, hard_step, wiener_step
from restoration.errors import CheckpointError, OptionError, RangeError
from restoration.method import Restore, Setup

KEEP = 0.5
"""The share of a coarser scale's frequencies, per axis, that replaces the finer scale's."""

Engine = Literal["auto", "dense", "separable"]


def dct_wiener(
    noisy: Tensor,
    sigma: float,
    *,
    steps: Steps,
    passes: Literal[1, 2] = 2,
    scales: int = 1,
    keep: float = KEEP,
    engine: Engine = "auto",
    color_transform: ColorTransform = "opp",
) -> Tensor:
    """`noisy` (C, H, W) or (N, C, H, W) without its noise of deviation `sigma`, both in image units.

    `passes` 1 stops after the weighted hard thresholds. `scales` counts the levels of a dyadic DCT pyramid, of which
    the coarser ones give the lowest `keep` of their frequencies to the result. Raises as `dct_denoise`, and RangeError
    for a number of scales whose coarsest is smaller than a block.
    """
    check_passes(passes)
    transforms = [transform_named(engine)] * passes
    return stepwise(
        noisy, sigma, steps=steps, transforms=transforms, scales=scales, keep=keep, color_transform=color_transform
    )


def stepwise(
    noisy: Tensor,
    sigma: float,
    *,
    steps: Steps,
    transforms: Sequence[Transform],
    scales: int,
    keep: float,
    color_transform: ColorTransform,
) -> Tensor:
    """`dct_wiener` with one of `transforms` for each pass in place of the DCT."""
    check_sigma(sigma)
    images, size = as_batch(noisy), steps.thresholds.shape[0]
    check_grid(images.shape, size, 1, None)
    check_scales(images.shape, size, scales, keep)
    denoise = partial(two_steps, sigma=sigma, steps=steps, transforms=transforms)
    scaled = partial(multiscale, denoise=denoise, scales=scales, keep=keep)
    return in_colors(scaled, images, color_transform).reshape(noisy.shape)


def two_steps(images: Tensor, *, sigma: float, steps: Steps, transforms: Sequence[Transform]) -> Tensor:
    """Grey images (N, C, H, W) through as many steps as there are `transforms`, one or two.

    They are mirrored at the border so that it is covered alike.
    """
    size = steps.thresholds.shape[0]
    average = partial(average_blocks, block_size=size)
    noisy, first = mirrored(images, size), hard_step(steps.thresholds * sigma, steps.kept_costs)
    guide = trimmed(average((noisy,), first, transform=transforms[0]), size)
    if len(transforms) == 1:
        return guide
    second = wiener_step(steps.noise * sigma, steps.gain_costs)
    return trimmed(average((noisy, mirrored(guide, size)), second, transform=transforms[1]), size)


def mirrored(images: Tensor, size: int) -> Tensor:
    """`images` (..., H, W) with half a block more on each side, mirrored with the edge repeated."""
    for axis in (-2, -1):
        places = np.pad(np.arange(images.shape[axis]), (size // 2, size - size // 2), "symmetric")
        images = images.index_select(axis, torch.from_numpy(places).to(images.device))
    return images


def trimmed(images: Tensor, size: int) -> Tensor:
    """`images` (..., H + B, W + B) without what `mirrored` put around them."""
    height, width = (length - size for length in images.shape[-2:])
    return images.narrow(-2, size // 2, height).narrow(-1, size // 2, width)


def multiscale(images: Tensor, *, denoise: Callable[[Tensor], Tensor], scales: int, keep: float) -> Tensor:
    """`denoise` at each level of a pyramid of whole-image DCTs, recomposed from fine to coarse.

    A level is the inverse DCT of the lowest half of the frequencies of the one before. All transforms are orthonormal,
    so white noise keeps its deviation at every level. Only the lowest `keep` of a coarse level's frequencies are used:
    its highest ones are where cutting shows.
    """
    if scales == 1:
        return denoise(images)
    spectrum = _dct(images)
    result = _dct(denoise(images))
    for level in range(1, scales):
        height, width = (length >> level for length in images.shape[-2:])
        coarse = _dct(denoise(_inverse_dct(spectrum[..., :height, :width])))
        rows, columns = (-int(-length * keep // 1) for length in (height, width))
        result[..., :rows, :columns] = coarse[..., :rows, :columns]
    return _inverse_dct(result)


def check_scales(shape: tuple[int, ...], block_size: int, scales: int, keep: float) -> None:
    """Raises RangeError where an image (..., H, W) has no such pyramid."""
    smallest = min(shape[-2:])
    if scales < 1 or smallest >> (scales - 1) < block_size:
        most = (smallest // block_size).bit_length()
        raise RangeError(f"scales must be in 1..{most} for {smallest} pixels and blocks of {block_size}, got {scales}")
    if not 0 < keep <= 1:
        raise RangeError(f"keep must be above 0 and at most 1, got {keep}")


def check_passes(passes: int) -> None:
    """Raises RangeError unless there are one or two."""
    if passes not in {1, 2}:
        raise RangeError(f"passes must be 1 or 2, got {passes}")


def transform_named(engine: Engine) -> Transform:
    """The transform called so; `auto` takes the separable one, whose work is N / 2 times less."""
    transforms = {"auto": SEPARABLE, "separable": SEPARABLE, "dense": DENSE}
    if engine not in transforms:
        raise OptionError(f"engine must be auto, dense or separable here, got {engine!r}")
    return transforms[engine]


def _dct(images: Tensor) -> Tensor:
    return torch.from_numpy(dctn(images.cpu().numpy(), axes=(-2, -1), norm="ortho")).to(images)


def _inverse_dct(spectrum: Tensor) -> Tensor:
    return torch.from_numpy(idctn(spectrum.cpu().numpy(), axes=(-2, -1), norm="ortho")).to(spectrum)


def build(setup: Setup) -> Restore:
    """`dct_wiener` with a benchmark's options; `learnt` tables where they are asked for, else one `ratio`."""
    options: dict[str, Any] = dict(setup.options)
    size, ratio, learnt = options.pop("block_size"), options.pop("ratio"), options.pop("learnt")
    check_ratio(ratio)
    steps = learnt_for(SHIPPED, setup.sigma, block_size=size).steps if learnt else Steps.of_ratio(size, ratio)
    if steps is None:
        raise CheckpointError(f"{SHIPPED} holds thresholds only; make it again: python -m restoration.dct.learn")
    return partial(dct_wiener, sigma=setup.sigma, steps=steps, **options)


def macs_per_pixel(setup: Setup) -> float:
    """What `macs_of_steps` says, with one transform of a block in N^4 operations where it is dense."""
    size, passes, scales = (int(setup.options[name]) for name in ("block_size", "passes", "scales"))
    transform = size**4 if setup.options["engine"] == "dense" else size**3 + size**2
    return macs_of_steps(size, transform, passes, scales)


def macs_of_steps(size: int, transform: int, passes: int, scales: int) -> float:
    """Two transforms for the thresholds, three more for the Wiener step, and the blocks' weights; at every scale.

    `transform` counts one of a block of `size` x `size`. The whole-image DCTs of a pyramid, n log n each, are left out.
    """
    weights = size**2 + 2 * size
    return float(sum(0.25**level for level in range(scales)) * ((3 * passes - 1) * transform + passes * weights))

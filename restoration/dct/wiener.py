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
from numpy.typing import NDArray
from scipy.fft import dct, idct
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

Engine = Literal["auto", "fused", "dense", "separable"]


def dct_wiener(
    noisy: Tensor,
    sigma: float,
    *,
    steps: Steps,
    passes: Literal[1, 2] = 2,
    stride: int = 1,
    scales: int = 1,
    keep: float = KEEP,
    engine: Engine = "auto",
    color_transform: ColorTransform = "opp",
) -> Tensor:
    """`noisy` (C, H, W) or (N, C, H, W) without its noise of deviation `sigma`, both in image units.

    `passes` 1 stops after the weighted hard thresholds. `scales` counts the levels of a dyadic DCT pyramid, of which
    the coarser ones give the lowest `keep` of their frequencies to the result. `auto` takes the fused engine for
    float32 on a CPU and the separable one elsewhere. Raises as `dct_denoise`, and RangeError for a number of scales
    whose coarsest is smaller than a block.
    """
    check_passes(passes)
    denoise = partial(engine_named(engine, noisy), sigma=sigma, steps=steps, passes=passes, stride=stride)
    return stepwise(
        noisy, sigma, denoise=denoise, block_size=steps.thresholds.shape[0], stride=stride, scales=scales, keep=keep,
        color_transform=color_transform,
    )  # fmt: skip


def stepwise(
    noisy: Tensor,
    sigma: float,
    *,
    denoise: Callable[[Tensor], Tensor],
    block_size: int,
    stride: int = 1,
    scales: int,
    keep: float,
    color_transform: ColorTransform,
) -> Tensor:
    """`noisy` through `denoise`, of images (N, C, H, W), at every scale and in the colours named, as `dct_wiener`."""
    check_sigma(sigma)
    images = as_batch(noisy)
    check_grid(images.shape, block_size, stride, None)
    check_scales(images.shape, block_size, scales, keep)
    scaled = partial(multiscale, denoise=denoise, scales=scales, keep=keep)
    return in_colors(scaled, images, color_transform).reshape(noisy.shape)


def two_steps(
    images: Tensor, *, sigma: float, steps: Steps, transforms: Sequence[Transform], stride: int = 1
) -> Tensor:
    """Grey images (N, C, H, W) through as many steps as there are `transforms`, one or two.

    They are mirrored at the border so that it is covered alike.
    """
    size = steps.thresholds.shape[0]
    average = partial(average_blocks, block_size=size, stride=stride)
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
    restored = denoise(images)
    if scales == 1:
        return restored
    sizes = [tuple(length >> level for length in images.shape[-2:]) for level in range(1, scales)]
    given = [tuple(-int(-length * keep // 1) for length in size) for size in sizes]
    spectrum, fine = _dct(images, sizes[0]), _dct(restored, given[0])
    change = np.empty_like(fine)
    for (height, width), (rows, columns) in zip(sizes, given, strict=True):
        level = torch.from_numpy(_inverse_dct(spectrum[..., :height, :width], (height, width))).to(images)
        coarse = _dct(denoise(level), (rows, columns))
        change[..., :rows, :columns] = coarse - fine[..., :rows, :columns]
    return torch.from_numpy(restored.cpu().numpy() + _inverse_dct(change, images.shape[-2:])).to(images)


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


def engine_named(engine: Engine, noisy: Tensor) -> Callable[..., Tensor]:
    """The engine called so for images like `noisy`; `auto` takes the fused one for float32 on a CPU."""
    fusible = noisy.device.type == "cpu" and noisy.dtype == torch.float32
    if engine == "auto":
        engine = "fused" if fusible else "separable"
    transforms = {"separable": SEPARABLE, "dense": DENSE}
    if engine in transforms:
        transform = transforms[engine]
        return lambda images, passes, **options: two_steps(images, transforms=[transform] * passes, **options)
    if engine != "fused":
        raise OptionError(f"engine must be auto, fused, dense or separable, got {engine!r}")
    if noisy.device.type != "cpu":
        raise OptionError(f"the fused engine runs on a CPU, the image is on {noisy.device.type}; take separable there")
    from restoration.dct import fused_steps

    return fused_steps.two_steps


def _dct(images: Tensor, lowest: Sequence[int]) -> NDArray[Any]:
    """As many of the `lowest` frequencies down and across of images (..., H, W)."""
    rows, columns = lowest
    across = dct(images.cpu().numpy(), axis=-1, norm="ortho", workers=torch.get_num_threads())[..., :columns]
    down = dct(across, axis=-2, norm="ortho", workers=torch.get_num_threads())
    return np.asarray(down[..., :rows, :])


def _inverse_dct(spectrum: NDArray[Any], size: Sequence[int]) -> NDArray[Any]:
    """Images (..., H, W) of `size`, whose frequencies above those given are zero."""
    height, width = size
    down = idct(spectrum, n=height, axis=-2, norm="ortho", workers=torch.get_num_threads())
    return np.asarray(idct(down, n=width, axis=-1, norm="ortho", workers=torch.get_num_threads()))


def build(setup: Setup) -> Restore:
    """`dct_wiener` with a benchmark's options, compiled; `learnt` tables where asked for, else one `ratio`."""
    options: dict[str, Any] = dict(setup.options)
    size, ratio, learnt = options.pop("block_size"), options.pop("ratio"), options.pop("learnt")
    check_ratio(ratio)
    steps = learnt_for(SHIPPED, setup.sigma, block_size=size).steps if learnt else Steps.of_ratio(size, ratio)
    if steps is None:
        raise CheckpointError(f"{SHIPPED} holds thresholds only; make it again: python -m restoration.dct.learn")
    restore: Restore = partial(dct_wiener, sigma=setup.sigma, steps=steps, **options)
    side = 4 * size << (int(options["scales"]) - 1)
    restore(torch.zeros(1, setup.channels, side, side, dtype=setup.torch_dtype, device=setup.device))
    return restore

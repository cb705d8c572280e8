"""`dct_denoise`: noise in, image out, by whichever engine; and how a benchmark builds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from restoration.dct import dense
from restoration.dct.basis import check_block_size, restore_colors, transform_colors
from restoration.dct.dense import Aggregation, Rule
from restoration.dct.overlap import check_grid
from restoration.dct.separable import SEPARABLE
from restoration.errors import ImageError, OptionError, RangeError, ShapeError
from restoration.method import Option, Restore, Setup

Engine = Literal["auto", "fused", "dense", "separable"]
ColorTransform = Literal["opp", "none"]


class Denoise(Protocol):
    """What an engine is: images (N, C, H, W) and thresholds (B, B) in image units -> images."""

    def __call__(
        self,
        noisy: Tensor,
        thresholds: Tensor,
        *,
        stride: int = 1,
        rule: Rule = "hard",
        aggregation: Aggregation = "uniform",
        blocks: Tensor | None = None,
    ) -> Tensor:
        """See `restoration.dct.dense.denoise`."""


def dct_denoise(
    noisy: Tensor,
    sigma: float,
    *,
    block_size: int = 8,
    stride: int = 1,
    ratio: float = 2.7,
    engine: Engine = "auto",
    keep_dc: bool = True,
    rule: Rule = "hard",
    aggregation: Aggregation = "uniform",
    thresholds: Tensor | Path | str | None = None,
    color_transform: ColorTransform = "opp",
    blocks: Tensor | None = None,
) -> Tensor:
    """`noisy` (C, H, W) or (N, C, H, W) without the noise of deviation `sigma` that it holds, both in image units.

    Coefficients of the overlapping `block_size` x `block_size` DCT at most `ratio` times `sigma` are removed, with one
    ratio for all or, in `thresholds`, one per frequency: a tensor (B, B) or a file saved by `save_thresholds`. Three
    channels pass through the orthonormal 3-point DCT first (`opp`) or stay as they are (`none`). `auto` takes the
    fused engine on a CPU and the separable one elsewhere; all engines give the same output. `blocks`, a mask of block
    starts (H-B+1, W-B+1), takes the place of `stride`.

    Raises ShapeError for an image smaller than a block or thresholds of another block size, RangeError for a number
    out of its range, ImageError for an image that is not floating point, OptionError for an unknown name.
    """
    limits = thresholds_for(sigma, block_size=block_size, ratio=ratio, keep_dc=keep_dc, thresholds=thresholds)
    images = as_batch(noisy)
    check_grid(images.shape, block_size, stride, blocks)
    run = partial(
        engine_named(engine, noisy.device.type), stride=stride, rule=rule, aggregation=aggregation, blocks=blocks
    )
    return in_colors(lambda planes: run(planes, limits.to(planes)), images, color_transform).reshape(noisy.shape)


def thresholds_for(
    sigma: float,
    *,
    block_size: int,
    ratio: float,
    keep_dc: bool = True,
    thresholds: Tensor | Path | str | None = None,
) -> Tensor:
    """The thresholds (B, B) in the unit of `sigma`: one ratio, or the option's own; 0 for a DC that is kept.

    `thresholds` holds ratios, or names their file; `learnt` is the file of this package.
    """
    check_block_size(block_size)
    check_sigma(sigma)
    if thresholds is None:
        check_ratio(ratio)
        ratios = torch.full((block_size, block_size), float(ratio))
    elif isinstance(thresholds, Tensor):
        ratios = thresholds.float().cpu()
    else:
        from restoration.dct.learnt import SHIPPED, learnt_for

        path = SHIPPED if thresholds == "learnt" else thresholds
        ratios = learnt_for(path, sigma, block_size=block_size).thresholds
    dense.check_thresholds(ratios)
    if len(ratios) != block_size:
        raise ShapeError(
            f"block_size is {block_size}, but the thresholds given are for blocks of {ratios.shape[0]}; "
            f"pass block_size={ratios.shape[0]} or other thresholds"
        )
    limits = ratios * sigma
    if keep_dc:
        limits[0, 0] = 0
    return limits


def check_ratio(ratio: float) -> None:
    """Raises RangeError unless `ratio` is 0, which removes nothing, or a greater finite number."""
    if not 0 <= ratio < float("inf"):
        raise RangeError(f"ratio must be 0 (nothing removed) or greater, got {ratio}")


def check_sigma(sigma: float) -> None:
    """Raises RangeError unless `sigma` is a positive, finite number."""
    if not 0 < sigma < float("inf"):
        raise RangeError(f"sigma must be positive (image units: 25 on the 8-bit scale is 25/255), got {sigma}")


def as_batch(noisy: Tensor) -> Tensor:
    """`noisy` (C, H, W) or (N, C, H, W) as (N, C, H, W); raises ImageError or ShapeError where it is no image."""
    if not noisy.is_floating_point():
        raise ImageError(f"expected a floating-point image in [0, 1], got {noisy.dtype}; divide 8-bit values by 255")
    if noisy.ndim not in {3, 4}:
        raise ShapeError(f"expected an image (C, H, W) or images (N, C, H, W), got the shape {tuple(noisy.shape)}")
    return noisy.reshape(-1, *noisy.shape[-3:])


def in_colors(denoise: Callable[[Tensor], Tensor], images: Tensor, color_transform: ColorTransform) -> Tensor:
    """`denoise` applied to images (N, C, H, W) in the colour space named; grey images have none."""
    if color_transform not in {"opp", "none"}:
        raise OptionError(f"color_transform must be opp or none, got {color_transform!r}")
    if images.shape[1] != 3 or color_transform == "none":  # noqa: PLR2004 - red, green, blue
        return denoise(images)
    return restore_colors(denoise(transform_colors(images)))


def engine_named(engine: Engine, device: str) -> Denoise:
    """The engine called so; `auto` takes the fused one on a CPU, else the separable one."""
    if engine == "auto":
        engine = "fused" if device == "cpu" else "separable"
    if engine == "dense":
        return dense.denoise
    if engine == "separable":
        return partial(dense.denoise, transform=SEPARABLE)
    if engine != "fused":
        raise OptionError(f"engine must be auto, fused, dense or separable, got {engine!r}")
    if device != "cpu":
        raise OptionError(f"the fused engine runs on a CPU, the image is on {device}; take dense or separable there")
    from restoration.dct import fused

    return fused.denoise


def build(setup: Setup) -> Restore:
    """`dct_denoise` with a benchmark's options, compiled; on CUDA with the engine that is faster there.

    `spacing` over 0 keeps a random choice of blocks (see `random_blocks`) in place of the stride's grid: drawn once for
    each size of image, at its first call.
    """
    options: dict[str, Any] = dict(setup.options)
    spacing = options.pop("spacing", 0.0)
    options["thresholds"] = options["thresholds"] or None
    if options["engine"] == "auto" and setup.device != "cpu":
        options["engine"] = faster_engine(partial(dct_denoise, sigma=setup.sigma, **options), setup)

    @lru_cache(maxsize=4)
    def chosen(height: int, width: int) -> Tensor | None:
        from restoration.dct.sampling import random_blocks

        size = options["block_size"]
        return random_blocks(height, width, block_size=size, spacing=spacing, seed=0) if spacing else None

    def restore(noisy: Tensor) -> Tensor:
        return dct_denoise(noisy, setup.sigma, blocks=chosen(*noisy.shape[-2:]), **options)

    side = 4 * options["block_size"]
    restore(torch.zeros(1, setup.channels, side, side, dtype=setup.torch_dtype, device=setup.device))
    return restore


def build_ratios(setup: Setup, ratios: tuple[Option, ...]) -> Callable[[Tensor], Iterable[Tensor]]:
    """As `build` for each of several ratios at once: the fused engine transforms the blocks once for all of them."""
    options = setup.options
    fused = options["engine"] in {"auto", "fused"} and setup.device == "cpu"
    if not fused or options["aggregation"] != "uniform" or options["thresholds"] or options["spacing"]:
        restores = [build(replace(setup, options={**options, "ratio": ratio})) for ratio in ratios]
        return lambda noisy: (restore(noisy) for restore in restores)
    size = int(options["block_size"])
    kept = bool(options["keep_dc"])
    limits = torch.stack(
        [thresholds_for(setup.sigma, block_size=size, ratio=float(ratio), keep_dc=kept) for ratio in ratios]
    )

    def restore(noisy: Tensor) -> Tensor:
        from restoration.dct.fused import denoise_ratios

        images = as_batch(noisy)
        check_grid(images.shape, size, int(options["stride"]), None)
        run = partial(denoise_ratios, thresholds=limits, stride=int(options["stride"]), rule=options["rule"])  # type: ignore[arg-type]
        if images.shape[1] != 3 or options["color_transform"] == "none":  # noqa: PLR2004 - red, green, blue
            return run(images)
        several = run(transform_colors(images))  # (R, N, 3, H, W)
        return restore_colors(several.flatten(0, 1)).reshape(several.shape)

    return restore


def faster_engine(
    denoise: Callable[..., Tensor], setup: Setup, *, seconds: Callable[[Callable[[], object]], float] | None = None
) -> Engine:
    """`dense` or `separable`, whichever takes `denoise` less time on a 512 x 512 image on `setup.device`.

    `seconds` times a call; left out, CUDA's own events do.
    """
    seconds = seconds or _cuda_seconds
    image = torch.zeros(1, setup.channels, 512, 512, dtype=setup.torch_dtype, device=setup.device)
    engines: tuple[Engine, ...] = ("dense", "separable")
    return min(engines, key=lambda engine: seconds(partial(denoise, image, engine=engine)))


def _cuda_seconds(call: Callable[[], object]) -> float:
    """The shortest of five calls by CUDA events, after one that is not counted."""
    call()
    times = []
    for _ in range(5):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]  # torch leaves it untyped
        start.record()
        call()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1000)
    return float(min(times))

"""The sliding denoiser with a learnt matrix in the DCT's place: `transform_denoise`, its file, how it is built.

A block of B x B pixels becomes B*B coefficients by any invertible matrix; those at most `RATIO` x sigma are removed,
and the inverse gives the block back. The first coefficient is always kept, as the DCT's mean is. A second step filters
the noisy coefficients once more, guided by those of the first step's result, as `restoration.dct.wiener` does.
`transform.npz` beside this module is made by `python -m restoration.dct.learn_transform`, which says how, on which
images and after whom.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from restoration.dct.basis import check_block_size
from restoration.dct.denoise import ColorTransform, as_batch, check_sigma, in_colors
from restoration.dct.overlap import Transform, check_grid
from restoration.dct.steps import Steps
from restoration.dct.wiener import KEEP, check_passes, check_scales, macs_of_steps, multiscale, two_steps
from restoration.errors import CheckpointError, RangeError, ShapeError
from restoration.method import Restore, Setup

SHIPPED = Path(__file__).with_name("transform.npz")
"""The matrix that comes with this package."""

RATIO = 2.7
"""Threshold / sigma, for every coefficient: learnt rows find the length that suits it."""

WORST = 1e4
"""The largest condition number of a matrix that is still inverted."""


def transform_denoise(
    noisy: Tensor,
    sigma: float,
    *,
    matrix: Tensor,
    passes: Literal[1, 2] = 1,
    scales: int = 1,
    keep: float = KEEP,
    color_transform: ColorTransform = "opp",
) -> Tensor:
    """`noisy` (C, H, W) or (N, C, H, W) without its noise of deviation `sigma`, both in image units.

    `matrix` (B*B, B*B) takes blocks, row by row, to coefficients. A block weighs 1 / (1 + number of coefficients kept).
    `passes`, `scales` and `keep` are those of `dct_wiener`. Raises as `dct_wiener`, ShapeError or RangeError for a
    matrix that is none of blocks or has no inverse.
    """
    filters = Filters.of(matrix)
    return _denoise(noisy, sigma, filters, passes=passes, scales=scales, keep=keep, color_transform=color_transform)


@dataclass(frozen=True, eq=False)
class Filters:
    """A matrix ready to be used."""

    analysis: Tensor
    """Its rows as kernels (B*B, 1, B, B)."""
    synthesis: Tensor
    """Its inverse's columns, likewise."""
    steps: Steps

    @classmethod
    def of(cls, matrix: Tensor) -> Filters:
        """Of `matrix` (B*B, B*B); raises as `check_matrix`."""
        size = check_matrix(matrix)
        steps = Steps.of_ratio(size, RATIO)
        lengths = matrix.norm(dim=1).reshape(size, size)  # what noise of deviation 1 becomes
        return cls(
            matrix.reshape(-1, 1, size, size),
            torch.linalg.inv(matrix).mT.reshape(-1, 1, size, size),
            replace(steps, noise=steps.noise * lengths),
        )

    @property
    def size(self) -> int:
        """B."""
        return self.analysis.shape[-1]

    def on(self, images: Tensor) -> Transform:
        """All overlapping blocks' coefficients and back, for images of that dtype and device."""
        analysis, synthesis = self.analysis.to(images), self.synthesis.to(images)
        return Transform(
            lambda images, _, stride: conv2d(images, analysis, stride=stride),
            lambda coefficients, _, stride: conv_transpose2d(coefficients, synthesis, stride=stride),
        )


def check_matrix(matrix: Tensor) -> int:
    """B of a matrix (B*B, B*B); raises ShapeError where it is none, RangeError where it has no usable inverse."""
    size = math.isqrt(matrix.shape[0])
    if matrix.shape != (size**2, size**2):
        raise ShapeError(f"a transform of B x B blocks is a matrix (B*B, B*B), got the shape {tuple(matrix.shape)}")
    check_block_size(size)
    condition = float(torch.linalg.cond(matrix)) if bool(matrix.isfinite().all()) else float("nan")
    if not condition <= WORST:
        raise RangeError(
            f"a transform needs an inverse: its condition number must be at most {WORST:g}, got {condition:g}"
        )
    return size


def save_transform(path: Path | str, matrix: Tensor) -> None:
    """Writes the `matrix` (B*B, B*B) in half precision, as a NumPy archive."""
    with Path(path).open("wb") as file:
        np.savez_compressed(file, matrix=matrix.numpy().astype(np.float16))


def load_transform(path: Path | str) -> Tensor:
    """The matrix (B*B, B*B) of a file that `save_transform` wrote; raises CheckpointError for anything else."""
    try:
        with Path(path).open("rb") as file, zipfile.ZipFile(file):  # else NumPy would advise to unpickle it
            file.seek(0)
            content = np.load(file, allow_pickle=False)
            matrix = torch.from_numpy(content["matrix"].astype(np.float32))
        check_matrix(matrix)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot read a learnt transform: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: not a learnt transform: {type(error).__name__}: {error}") from error
    return matrix


def build(setup: Setup) -> Restore:
    """`transform_denoise` with a benchmark's options, its matrix read, checked and inverted once."""
    options: dict[str, Any] = dict(setup.options)
    check_sigma(setup.sigma)
    filters = Filters.of(load_transform(options.pop("matrix") or SHIPPED))

    def restore(noisy: Tensor) -> Tensor:
        return _denoise(noisy, setup.sigma, filters, **options)

    return restore


def macs_per_pixel(setup: Setup) -> float:
    """Every block by the matrix and by its inverse, three more for a second step, and its weights; at every scale.

    The whole-image DCTs of a pyramid, n log n each, are left out.
    """
    passes, scales = (int(setup.options[name]) for name in ("passes", "scales"))
    return macs_of_steps(math.isqrt(math.isqrt(parameters(setup))), parameters(setup), passes, scales)


def parameters(setup: Setup) -> int:
    """The entries of the matrix."""
    return load_transform(str(setup.options["matrix"] or SHIPPED)).numel()


def _denoise(
    noisy: Tensor,
    sigma: float,
    filters: Filters,
    *,
    passes: int,
    scales: int,
    keep: float,
    color_transform: ColorTransform,
) -> Tensor:
    """`transform_denoise` with a matrix made ready."""
    check_sigma(sigma)
    images = as_batch(noisy)
    check_grid(images.shape, filters.size, 1, None)
    check_passes(passes)
    check_scales(images.shape, filters.size, scales, keep)
    once = partial(two_steps, sigma=sigma, steps=filters.steps, passes=passes, transform=filters.on(images))
    scaled = partial(multiscale, denoise=once, scales=scales, keep=keep)
    return in_colors(scaled, images, color_transform).reshape(noisy.shape)

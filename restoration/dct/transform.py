"""The sliding denoiser with a learnt matrix in the DCT's place: `transform_denoise`, its file, how it is built.

A block of B x B pixels becomes B*B coefficients by any invertible matrix; those at most `RATIO` x sigma are removed,
and the inverse gives the block back. The first coefficient is always kept, as the DCT's mean is. A second step,
with a matrix of its own, filters the noisy image once more, guided by the result, as `restoration.dct.wiener` does.
`transform.npz` in this folder is made by `python -m restoration.dct.learn_transform`, which says how, on which
images and after whom.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from restoration.dct.basis import check_block_size
from restoration.dct.denoise import ColorTransform, check_sigma
from restoration.dct.operations import macs_at_scales
from restoration.dct.overlap import Transform
from restoration.dct.steps import Steps
from restoration.dct.wiener import KEEP, check_passes, stepwise, two_steps
from restoration.errors import CheckpointError, RangeError, ShapeError
from restoration.method import Restore, Setup

SHIPPED = Path(__file__).with_name("transform.npz")
"""The matrices that come with this package."""

RATIO = 2.7
"""Threshold / sigma, for every coefficient: learnt rows find the length that suits it."""

_NAMES = ("matrix", "second")
"""Of the arrays in a file."""

WORST = 1e4
"""The largest condition number of a matrix that is still inverted."""


def transform_denoise(
    noisy: Tensor,
    sigma: float,
    *,
    matrix: Tensor,
    second: Tensor | None = None,
    scales: int = 1,
    keep: float = KEEP,
    color_transform: ColorTransform = "opp",
) -> Tensor:
    """`noisy` (C, H, W) or (N, C, H, W) without its noise of deviation `sigma`, both in image units.

    `matrix` (B*B, B*B) takes blocks, row by row, to coefficients. A block weighs 1 / (1 + number of coefficients kept).
    With a matrix for a `second` step, of blocks of the same size, the first step's result guides it; its rows' lengths
    are part of it: a gain is g^2 / (g^2 + sigma^2) for a coefficient g of the guide. `scales` and `keep` are those of
    `dct_wiener`. Raises as `dct_wiener`, and ShapeError or RangeError for a matrix that is none of blocks or has no
    inverse.
    """
    matrices = (matrix,) if second is None else (matrix, second)
    check_matrices(matrices)
    size, transforms = math.isqrt(len(matrix)), [transform_of(one) for one in matrices]
    denoise = partial(two_steps, sigma=sigma, steps=Steps.of_ratio(size, RATIO), transforms=transforms)
    return stepwise(
        noisy, sigma, denoise=denoise, block_size=size, scales=scales, keep=keep, color_transform=color_transform
    )


def transform_of(matrix: Tensor) -> Transform:
    """All overlapping blocks through `matrix` (B*B, B*B), which is taken to be good, and back by its inverse."""
    size = math.isqrt(len(matrix))
    analysis = matrix.reshape(-1, 1, size, size)
    synthesis = torch.linalg.inv(matrix).mT.reshape(-1, 1, size, size)
    return Transform(
        lambda images, _, stride: conv2d(images, analysis.to(images), stride=stride),
        lambda coefficients, _, stride: conv_transpose2d(coefficients, synthesis.to(coefficients), stride=stride),
    )


def check_matrices(matrices: Sequence[Tensor]) -> None:
    """Raises as `check_matrix` for each of one or two, and ShapeError where their blocks differ in size."""
    size, *others = [check_matrix(matrix) for matrix in matrices]
    if any(other != size for other in others):
        raise ShapeError(f"both steps need blocks of the same size, got {size} and {others[0]}")


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


def save_transforms(path: Path | str, *matrices: Tensor) -> None:
    """Writes one matrix (B*B, B*B) for each step in half precision, as a NumPy archive."""
    arrays = {name: matrix.numpy().astype(np.float16) for name, matrix in zip(_NAMES, matrices, strict=False)}
    with Path(path).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load_transforms(path: Path | str) -> tuple[Tensor, ...]:
    """The matrices (B*B, B*B) of a file that `save_transforms` wrote; raises CheckpointError for anything else."""
    try:
        with Path(path).open("rb") as file, zipfile.ZipFile(file):  # else NumPy would advise to unpickle it
            file.seek(0)
            content = np.load(file, allow_pickle=False)
            names = _NAMES if _NAMES[1] in content else _NAMES[:1]
            matrices = tuple(torch.from_numpy(content[name].astype(np.float32)) for name in names)
        check_matrices(matrices)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot read a learnt transform: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: not a learnt transform: {type(error).__name__}: {error}") from error
    return matrices


def build(setup: Setup) -> Restore:
    """`transform_denoise` with a benchmark's options, its matrices read, checked and inverted once."""
    options: dict[str, Any] = dict(setup.options)
    check_sigma(setup.sigma)
    del options["matrix"], options["passes"]
    matrices = _matrices(setup)
    size, transforms = math.isqrt(len(matrices[0])), [transform_of(matrix) for matrix in matrices]
    denoise = partial(two_steps, sigma=setup.sigma, steps=Steps.of_ratio(size, RATIO), transforms=transforms)
    return partial(stepwise, sigma=setup.sigma, denoise=denoise, block_size=size, **options)


def _matrices(setup: Setup) -> tuple[Tensor, ...]:
    """One for each of the passes asked for."""
    passes = int(setup.options["passes"])
    check_passes(passes)
    path = str(setup.options["matrix"] or SHIPPED)
    matrices = load_transforms(path)
    if len(matrices) < passes:
        raise CheckpointError(f"{path}: {passes} passes need as many matrices, it holds {len(matrices)}")
    return matrices[:passes]


def macs_per_pixel(setup: Setup) -> float:
    """Every block by the matrix and by its inverse, three more for a second step, and its weights; at every scale.

    The whole-image DCTs of a pyramid, n log n each, are left out.
    """
    first, *more = _matrices(setup)
    passes, scales = 1 + len(more), int(setup.options["scales"])
    return macs_at_scales((3 * passes - 1) * first.numel(), math.isqrt(len(first)), passes=passes, scales=scales)


def parameters(setup: Setup) -> int:
    """The entries of the matrices."""
    return sum(matrix.numel() for matrix in _matrices(setup))

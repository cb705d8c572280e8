"""Learns the matrix of `restoration.dct.transform`: a linear transform of blocks that takes the DCT's place.

Every entry is moved by gradient descent (Adam) through the whole denoiser, on the mean square error of crops with
fresh noise of many strengths, starting from the orthonormal DCT. The idea is that of Herbreteau and Kervrann, DCT2net,
IEEE Transactions on Image Processing 2022, 10.1109/TIP.2022.3181488. The matrix of the second, guided step is learnt in
the same way, starting from the first one's.

    python -m restoration.dct.learn_transform [FILE [FOLDER]]

writes the two matrices that come with this package, learnt on the bundled images named in
`restoration.dct.learn.TRAINING` and on two of PyWavelets. Where FOLDER is named, both descents are written there as
they go, and taken up again from there. It takes about half an hour on two cores.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import conv_transpose2d, fold, unfold

from restoration.dct.basis import kernels
from restoration.dct.crops import ManyLevels, descend, noise_of, printed
from restoration.dct.learn import TRAINING
from restoration.dct.transform import RATIO, SHIPPED, save_transforms
from restoration.errors import DivergedError

Progress = Callable[[int, float, Tensor], None]
"""Told each step's number, loss and matrix."""

_STEEP = 1e6
"""An exponent with which the smooth threshold is hard."""


@dataclass(frozen=True)
class Schedule(ManyLevels):
    """How a matrix is learnt; each crop has noise of its own strength."""

    steps: int = 12_000
    crops: int = 16
    crop_size: int = 82
    stride: int = 3
    """A ninth of all blocks, at a ninth of the price."""
    rate: float = 5e-3
    dullest: float = 12.0
    sharpest: float = 96.0
    """The exponent of the smooth threshold, rising geometrically."""

    def exponent_at(self, step: int) -> float:
        """Of the smooth threshold."""
        return self.between(self.dullest, self.sharpest, step)


def learn_transform(
    images: Sequence[Tensor],
    *,
    block_size: int = 13,
    first: Tensor | None = None,
    schedule: Schedule | None = None,
    state: Path | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """The matrix (B*B, B*B) that removes noise best from clean grey `images` (1, H, W), from the DCT downhill.

    With `first`, such a matrix: that of the second step, guided by what `first` makes of the noisy image, and from
    there downhill; `block_size` is its own then. Each step's crops and noise depend on its number and the seed alone,
    so a descent taken up from `state` ends where an unbroken one does. Raises DivergedError with the loss where
    learning runs away, ShapeError for an image smaller than a crop.
    """
    if first is None:
        schedule = schedule or Schedule()
        free = kernels(block_size, torch.float32, torch.device("cpu")).flatten(1).clone().requires_grad_()
    else:
        schedule = schedule or Schedule(steps=1500, rate=3e-3)  # it starts near its end
        free = (first / first.norm(dim=1, keepdim=True)).requires_grad_()

    def errors(clean: Tensor, sigmas: Tensor, step: int) -> Tensor:
        return _errors(level_rows(free), clean, sigmas, first=first, schedule=schedule, step=step)

    def loss(wrong: Tensor, sigmas: Tensor, counts: Tensor) -> Tensor:
        return (counts * wrong.square() / sigmas).mean() * 255

    def told(step: int, loss: float) -> None:
        if progress:
            progress(step, loss, level_rows(free.detach()))

    descend([free], images, schedule, errors=errors, loss=loss, state=state, progress=told)
    return level_rows(free.detach())


def level_rows(free: Tensor) -> Tensor:
    """`free` (K, K) with the mean taken out of every row but the first, so that flat blocks pass as they are."""
    return torch.cat([free[:1], free[1:] - free[1:].mean(1, keepdim=True)])


def smooth_denoise(noisy: Tensor, sigmas: Tensor, matrix: Tensor, *, stride: int, exponent: float) -> Tensor:
    """Images (N, 1, H, W) through `matrix` (B*B, B*B), a smooth threshold at `RATIO` x `sigmas` (N, 1, 1, 1), and back.

    Rows and columns that no block of the `stride` reaches are cut off. The smooth threshold keeps the share m / (1 + m)
    of a coefficient c, m = |c / T|^exponent: a step where it grows.
    """
    coefficients = _coefficients(noisy, matrix, stride)
    magnitude = coefficients[:, 1:].abs().clamp_min(1e-8) / (RATIO * sigmas[:, 0])
    kept = torch.sigmoid(exponent * magnitude.log())
    return _averaged(coefficients, kept, kept, matrix, stride=stride, shape=noisy.shape)


def guided_denoise(noisy: Tensor, guide: Tensor, sigmas: Tensor, matrix: Tensor, *, stride: int) -> Tensor:
    """Images (N, 1, H, W) through `matrix` (B*B, B*B), Wiener gains from the coefficients of a `guide`, and back.

    A gain is g^2 / (g^2 + sigma^2) for a coefficient g of the guide: the longer the matrix' row, the less is removed.
    """
    power = _coefficients(guide, matrix, stride)[:, 1:].square()
    gains = power / (power + sigmas[:, 0].square())
    coefficients = _coefficients(noisy, matrix, stride)
    return _averaged(coefficients, gains, gains.square(), matrix, stride=stride, shape=noisy.shape)


def _coefficients(images: Tensor, matrix: Tensor, stride: int) -> Tensor:
    """(N, B*B, blocks) of images (N, 1, H, W)."""
    return matrix @ unfold(images, math.isqrt(len(matrix)), stride=stride)


def _averaged(
    coefficients: Tensor, gains: Tensor, costs: Tensor, matrix: Tensor, *, stride: int, shape: Sequence[int]
) -> Tensor:
    """Blocks of all but the first coefficient times `gains`, averaged with the weights 1 / (1 + the sum of `costs`)."""
    size = math.isqrt(len(matrix))
    grid = [(length - size) // stride + 1 for length in shape[-2:]]
    covered = (stride * (grid[0] - 1) + size, stride * (grid[1] - 1) + size)
    weights = 1 / (1 + costs.sum(1, keepdim=True))
    blocks = torch.linalg.inv(matrix) @ torch.cat([coefficients[:, :1], coefficients[:, 1:] * gains], 1)
    total = fold(blocks * weights, covered, size, stride=stride)
    ones = weights.new_ones(1, 1, size, size)
    return total / conv_transpose2d(weights.reshape(-1, 1, *grid), ones, stride=stride)


def _errors(
    matrix: Tensor, clean: Tensor, sigmas: Tensor, *, first: Tensor | None, schedule: Schedule, step: int
) -> Tensor:
    """What is wrong with the restored crops (N, 1, h, w), half a block away from their borders."""
    noisy = clean + noise_of(clean, schedule, step) * sigmas
    try:
        if first is None:
            exponent = schedule.exponent_at(step)
            restored = smooth_denoise(noisy, sigmas, matrix, stride=schedule.stride, exponent=exponent)
        else:
            with torch.no_grad():
                guide = smooth_denoise(noisy, sigmas, first, stride=1, exponent=_STEEP)
            restored = guided_denoise(noisy, guide, sigmas, matrix, stride=schedule.stride)
    except torch.linalg.LinAlgError as broken:  # type: ignore[attr-defined]  # public, but not said to be
        raise DivergedError(
            f"learning diverged at step {step}: the matrix has no inverse any more; take a smaller rate"
        ) from broken
    margin = math.isqrt(len(matrix)) // 2
    covered = clean[..., : restored.shape[-2], : restored.shape[-1]]
    return (restored - covered)[..., margin:-margin, margin:-margin]


def training_images() -> list[Tensor]:
    """What the shipped matrix is learnt on, grey (1, H, W); needs PyWavelets, whose data two of them are."""
    import pywt.data

    from restoration.images import bundled_image

    more = (pywt.data.ascent(), pywt.data.aero())
    return [bundled_image(name, channels=1).pixels for name in TRAINING] + [
        torch.from_numpy(pixels).float()[None] / 255 for pixels in more
    ]


def main(file: str, folder: str | None = None) -> None:
    """Learns and writes the matrices for blocks of 13."""
    images = training_images()
    told = printed()

    def progress(step: int, loss: float, _: Tensor) -> None:
        told(step, loss)

    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    states = [Path(folder) / name if folder else None for name in ("first", "second")]
    first = learn_transform(images, state=states[0], progress=progress)
    save_transforms(file, first, learn_transform(images, first=first, state=states[1], progress=progress))


if __name__ == "__main__":
    main(*(sys.argv[1:] or [str(SHIPPED)]))

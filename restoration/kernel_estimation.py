"""Which degradation was this upscaler trained for? Gradient descent through it finds the reduction kernel.

A network trained on pairs made by one reduction works best on images reduced the same way. So: reduce a crop with an
unknown kernel, upscale it with the frozen network, and let the kernel descend the error against the crop. Two forms of
the kernel: free weights, and a deep linear generator, a chain of small convolutions without nonlinearity whose
composition is the kernel (Bell-Kligler, Shocher and Irani, Blind super-resolution kernel estimation using an
internal-GAN, NeurIPS 2019; here the upscaler's error stands where theirs has a discriminator).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from restoration.degradation import crop_to_multiple, cubic_weights, reduce_by
from restoration.errors import DivergedError, OptionError, RangeError, RestorationError, ShapeError

Generator = Literal["free", "linear"]

CROP = 96
"""Side of the crop that is taken from each image, in pixels; smaller images are taken whole."""

_CENTRE = 1e-2
"""Weight of the squared distance, in pixels, of the kernel's centre of mass from its middle."""
_BOUNDARY = 1e-3
"""Weight of the kernel's mass towards its boundary. Both are weak compared with a squared error of 1e-3: they settle
only what the upscaler does not."""
_DIVERGED = 10.0
"""A crop's error that has grown by this factor since its first step will not come back."""


@dataclass(frozen=True, eq=False)
class KernelEstimate:
    """The estimated kernel, and how it was reached."""

    kernel: Tensor
    """(K, K), summing to one; what `reduce_by` takes."""
    losses: tuple[float, ...]
    """The loss at each step, each of one crop: crops take turns."""


@dataclass(frozen=True)
class KernelMatch:
    """How much a kernel resembles another after the whole-pixel shift that suits it best."""

    correlation: float
    """Cosine of the angle between the two, mean not removed."""
    relative_error: float
    """Norm of the difference over the norm of the true kernel."""
    shift: tuple[int, int]
    """Rows and columns by which the estimated kernel had to be moved."""


def estimate_kernel(
    upscaler: Callable[[Tensor], Tensor],
    images: Sequence[Tensor],
    *,
    size: int = 12,
    scale: int = 2,
    steps: int = 250,
    generator: Generator = "free",
    learning_rate: float = 0.0,
    seed: int = 0,
    on_step: Callable[[int, float, Tensor], None] = lambda *_: None,
) -> KernelEstimate:
    """The reduction kernel (size, size) that makes `upscaler` restore `images` best, starting from a box.

    `upscaler` takes (N, C, H, W) to (N, C, scale H, scale W), differentiably; it is not changed. `images` are
    (C, H, W) in [0, 1]; of each, the crop with most detail is used. `size` and `scale` must both be even or both odd.
    `learning_rate` 0 takes the generator's own. `on_step` receives step, loss and kernel. `seed` matters only to the
    linear generator. Raises ShapeError, RangeError, OptionError, and DivergedError with the last loss.
    """
    crops = [_most_detailed(image, size, scale) for image in images]
    _check(crops, size, scale, steps)
    if learning_rate < 0:
        raise RangeError(f"learning_rate must be positive, or 0 for the generator's own, got {learning_rate:g}")
    weights = _generator(generator, size, scale, seed)
    optimiser = torch.optim.Adam(weights.parameters(), learning_rate or _RATES[generator])
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    losses: list[float] = []
    for step in range(steps):
        kernel = weights()
        loss = _error(upscaler, crops[step % len(crops)], kernel, scale) + _misplaced(kernel)
        losses.append(_checked_loss(loss, losses, of=len(crops)))
        optimiser.zero_grad()
        loss.backward(inputs=list(weights.parameters()))  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
        decay.step()
        on_step(step, losses[-1], kernel.detach())
    return KernelEstimate(weights().detach(), tuple(losses))


def bicubic_kernel(size: int = 12, scale: int = 2) -> Tensor:
    """The kernel (size, size) of MATLAB's antialiased bicubic reduction by `scale`, centred, summing to one."""
    line = cubic_weights((np.arange(size) - (size - 1) / 2) / scale)
    line /= line.sum()
    return torch.from_numpy(np.outer(line, line)).float()


def box_kernel(size: int = 12, scale: int = 2) -> Tensor:
    """The kernel (size, size) that takes the mean of each cell of scale x scale pixels."""
    box = torch.zeros(size, size)
    margin = (size - scale) // 2
    box[margin : margin + scale, margin : margin + scale] = 1 / scale**2
    return box


def compare_kernels(found: Tensor, true: Tensor) -> KernelMatch:
    """How near the kernel `found` (K, K) comes to the kernel `true` (K, K), once aligned by whole pixels."""
    if found.shape != true.shape:
        raise ShapeError(f"kernels of one size are compared, got {tuple(found.shape)} against {tuple(true.shape)}")
    reach = range(-(found.shape[0] // 4), found.shape[0] // 4 + 1)
    shifts = ((rows, columns) for rows in reach for columns in reach)
    return max((_match(found, true, shift) for shift in shifts), key=lambda match: match.correlation)


class _Free(nn.Module):
    """Every weight for itself, from a box of scale x scale."""

    def __init__(self, size: int, scale: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(box_kernel(size, scale))

    def forward(self) -> Tensor:
        """The kernel (size, size)."""
        return _summing_to_one(self.weights)


class _Linear(nn.Module):
    """A box convolution of scale x scale, then 3x3 ones, on several maps without nonlinearity; together a box at first.

    Every map starts as the same identity plus a little seeded noise, without which all maps would stay alike.
    """

    def __init__(self, size: int, scale: int, seed: int, maps: int = 16) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        sizes = [scale] + [3] * ((size - scale) // 2)
        widths = [1] + [maps] * (len(sizes) - 1) + [1]
        layers = [
            _start(before, after, side, random) for before, after, side in zip(widths, widths[1:], sizes, strict=False)
        ]
        self.layers = nn.ParameterList(layers)

    def forward(self) -> Tensor:
        """The kernel (size, size): the chain's response to an impulse."""
        response = torch.ones(1, 1, 1, 1)
        for layer in self.layers:
            response = conv2d(response, layer, padding=layer.shape[-1] - 1)
        return _summing_to_one(response[0, 0])


_RATES = {"free": 2e-3, "linear": 2e-3}


def _generator(name: str, size: int, scale: int, seed: int) -> nn.Module:
    if name not in _RATES:
        raise OptionError(f"unknown kernel generator {name!r}; expected one of {', '.join(_RATES)}")
    return _Free(size, scale) if name == "free" else _Linear(size, scale, seed)


def _start(before: int, after: int, side: int, random: torch.Generator) -> Tensor:
    """A layer (after, before, side, side) that hands its input's mean on: a box if it comes first, else an identity."""
    layer: Tensor = torch.randn(after, before, side, side, generator=random) * (0.2 / (side * before**0.5))
    if before == 1:
        return layer + 1 / side**2
    layer[..., side // 2, side // 2] += 1 / before
    return layer


def _summing_to_one(weights: Tensor) -> Tensor:
    return weights + (1 - weights.sum()) / weights.numel()


def _error(upscaler: Callable[[Tensor], Tensor], crop: Tensor, kernel: Tensor, scale: int) -> Tensor:
    """Mean squared error of `crop` (1, C, H, W), reduced and upscaled again, inside half a kernel's border."""
    restored = upscaler(reduce_by(crop, kernel, scale))
    if restored.shape != crop.shape:
        raise ShapeError(f"the upscaler made {tuple(restored.shape)} for {tuple(crop.shape)}: its scale is not {scale}")
    if not restored.requires_grad:
        raise RestorationError(
            "no gradient passes through the upscaler; give the torch module itself, not one for inference"
        )
    margin = kernel.shape[0] // 2
    return (restored - crop)[..., margin:-margin, margin:-margin].square().mean()


def _misplaced(kernel: Tensor) -> Tensor:
    """The centre and boundary terms of a kernel that sums to one."""
    offsets = torch.arange(len(kernel)) - (len(kernel) - 1) / 2
    rows, columns = (kernel.sum(1) * offsets).sum(), (kernel.sum(0) * offsets).sum()
    outside = (offsets / offsets[-1]).abs() ** 4
    mass = (kernel.abs() * torch.maximum(outside[:, None], outside)).sum()
    return _CENTRE * (rows**2 + columns**2) + _BOUNDARY * mass


def _checked_loss(loss: Tensor, before: list[float], *, of: int) -> float:
    """The loss; raises DivergedError where it has grown too far since the first of the same of so many crops."""
    value = float(loss.detach())
    first = before[len(before) % of] if len(before) >= of else value
    if not math.isfinite(value) or value > _DIVERGED * first:
        raise DivergedError(
            f"kernel estimation diverged at step {len(before)}: loss {value:g} after {first:g}; "
            "take a smaller learning rate"
        )
    return value


def _most_detailed(image: Tensor, size: int, scale: int) -> Tensor:
    """The crop (1, C, CROP, CROP) of `image` (C, H, W) with the largest mean gradient, on a grid of half its side."""
    if image.ndim != 3 or min(image.shape[-2:]) < size + scale:  # noqa: PLR2004 - axes
        raise ShapeError(
            f"a {size} x {size} kernel needs an image (C, H, W) larger than itself, got {tuple(image.shape)}"
        )
    side = CROP - CROP % scale
    image = crop_to_multiple(image, scale)
    height, width = (min(side, length) for length in image.shape[-2:])
    windows = image.unfold(-2, height, side // 2).unfold(-2, width, side // 2)  # (C, rows, columns, height, width)
    candidates = windows.movedim(0, 2).flatten(0, 1)  # (rows * columns, C, height, width)
    detail = candidates.diff(dim=-1).abs().mean((1, 2, 3)) + candidates.diff(dim=-2).abs().mean((1, 2, 3))
    return candidates[int(detail.argmax())][None].contiguous()


def _check(crops: Sequence[Tensor], size: int, scale: int, steps: int) -> None:
    if not crops:
        raise ShapeError("kernel estimation needs at least one image, got none")
    if steps < 1 or size < scale or (size - scale) % 2:
        raise RangeError(
            f"steps must be 1 or more, and the kernel's size at least the scale and of its parity; "
            f"got steps {steps}, size {size}, scale {scale}"
        )


def _match(found: Tensor, true: Tensor, shift: tuple[int, int]) -> KernelMatch:
    moved = found.double().roll(shift, (0, 1))
    wanted = true.double()
    correlation = (moved * wanted).sum() / (moved.norm() * wanted.norm())
    return KernelMatch(float(correlation), float((moved - wanted).norm() / wanted.norm()), shift)

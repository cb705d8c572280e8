"""Three methods of one's own: a plain function, a torch module, and a record that says more about itself."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration import Method, Setup


def local_wiener(noisy: Tensor, sigma: float, *, radius: int = 2, strength: float = 1.0) -> Tensor:
    """Local Wiener filter: each pixel is drawn to its surroundings' mean, more where they vary less (Lee 1980)."""
    mean = _box(noisy, radius)
    variance = (_box(noisy**2, radius) - mean**2).clamp(min=1e-12)
    gain = (1 - strength * sigma**2 / variance).clamp(min=0)
    return mean + gain * (noisy - mean)


class SharpBilinear(nn.Module):
    """Bilinear upscaling followed by a fixed sharpening convolution."""

    scale = 2

    def __init__(self, channels: int, *, amount: float = 0.2) -> None:
        super().__init__()
        kernel = torch.tensor([[0.0, -amount, 0.0], [-amount, 1 + 4 * amount, -amount], [0.0, -amount, 0.0]])
        self.channels = channels
        self.kernel = nn.Parameter(kernel.expand(channels, 1, 3, 3).clone())

    def forward(self, low: Tensor) -> Tensor:
        """Low-resolution batch (N, C, H, W) -> (N, C, 2 H, 2 W)."""
        larger = functional.interpolate(low, scale_factor=self.scale, mode="bilinear")
        return functional.conv2d(functional.pad(larger, [1] * 4, mode="replicate"), self.kernel, groups=self.channels)


def _build_box(setup: Setup) -> Callable[[Tensor], Tensor]:
    radius, channels = int(setup.options["radius"]), setup.channels
    side = 2 * radius + 1
    kernel = torch.full((channels, 1, side, side), 1 / side**2, dtype=setup.torch_dtype, device=setup.device)

    def restore(noisy: Tensor) -> Tensor:
        padded = functional.pad(noisy, [radius] * 4, mode="replicate")
        return functional.conv2d(padded, kernel, groups=channels)

    return restore


BOX = Method(
    name="box",
    task="denoise",
    build=_build_box,
    summary="mean of a square around each pixel, as a convolution",
    options={"radius": 1},
    macs_per_pixel=lambda setup: setup.channels * (2 * int(setup.options["radius"]) + 1) ** 2,
    dtypes=("float32", "float64"),
    thread_safe=True,
)


def _box(image: Tensor, radius: int) -> Tensor:
    padded = functional.pad(image, [radius] * 4, mode="replicate")
    return functional.avg_pool2d(padded, 2 * radius + 1, stride=1)

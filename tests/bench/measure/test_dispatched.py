"""What is seen of torch's operators is what torch's own counter counts, and seeing costs no import of its compiler."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bench.measure.operators import seen_by_torch


class Mixed(nn.Module):
    """Convolutions of three kinds, a product of matrices, and attention."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=4),
            nn.ConvTranspose2d(8, 6, 2, stride=2), nn.BatchNorm2d(6),
        )  # fmt: skip
        self.mix = nn.Linear(6, 6)

    def forward(self, image: Tensor) -> Tensor:
        pixels = self.layers(image).flatten(2).mT  # (N, H W, 6)
        pixels = nn.functional.scaled_dot_product_attention(pixels, pixels, self.mix(pixels))
        return image + (pixels @ pixels.mT).mean()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_operations_are_those_of_torchs_own_counter(mode: type[torch.no_grad]) -> None:
    network = Mixed().eval()
    image = torch.rand(1, 1, 8, 10)
    with mode(), FlopCounterMode(display=False) as counter:
        network(image)
    with mode():
        seen = seen_by_torch(network, image)
    counted = {operator.__name__: count // 2 for operator, count in counter.get_flop_counts()["Global"].items()}
    assert {"convolution", "bmm"} <= counted.keys()
    assert dict(seen.macs) == counted


def test_torchs_compiler_is_not_loaded_to_see_operators() -> None:
    code = (
        "import sys, torch\n"
        "from bench.measure.alive import Alive\n"
        "from bench.measure.operators import seen_by_torch\n"
        "conv = torch.nn.Conv2d(1, 1, 3)\n"
        "with Alive() as alive:\n    conv(torch.rand(1, 1, 8, 8))\n"
        "macs = seen_by_torch(conv, torch.rand(1, 1, 8, 8)).macs.total()\n"
        "print(alive.peak > 0, macs, 'torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", str(9 * 36), "False"]

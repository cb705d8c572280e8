"""The estimate is scikit-image's own, and what is no number is refused."""

from __future__ import annotations

import pytest
import torch
from skimage.restoration import estimate_sigma

from bench.measure.noise_estimate import estimated_sigma
from restoration.errors import RangeError


def test_it_is_the_estimate_of_scikit_image() -> None:
    plane = torch.rand(24, 32, generator=torch.Generator().manual_seed(0))
    assert estimated_sigma(plane) == float(estimate_sigma(plane.double().numpy()))


@pytest.mark.parametrize(
    "plane", [torch.full((16, 16), 128 / 255), torch.arange(64).tile(48, 1) / 255, torch.zeros(1, 1)]
)
def test_an_image_without_detail_has_none(plane: torch.Tensor) -> None:
    with pytest.raises(RangeError, match="no sigma can be estimated"):
        estimated_sigma(plane)

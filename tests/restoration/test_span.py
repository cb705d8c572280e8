"""SPAN has the size that the challenge publishes for its baseline, and the shape of an upscaler by 4."""

from __future__ import annotations

import pytest
import torch

from restoration import Setup, get
from restoration.errors import OptionError, ShapeError
from restoration.span import SPAN

SETUP = Setup(channels=3, scale=4)


def test_parameters_and_operations_are_those_published_for_the_baseline() -> None:
    method = get("span")
    assert method.parameters
    assert method.macs_per_pixel
    setup = method.checked(SETUP)
    counted = sum(weights.numel() for weights in SPAN().parameters())
    assert counted == method.parameters(setup)
    assert round(counted / 1e6, 3) == 0.151
    assert round(method.macs_per_pixel(setup) * 1024**2 / 1e9, 2) == 9.83


def test_it_upscales_by_4_with_the_same_random_weights_each_time() -> None:
    low = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    method = get("span")
    with torch.inference_mode():
        one, two = (method.build(method.checked(SETUP))(low) for _ in range(2))
    assert one.shape == (2, 3, 20, 28)
    assert torch.equal(one, two)


def test_what_it_cannot_take_is_said() -> None:
    with pytest.raises(ShapeError, match=r"span: got shape \(1, 1, 8, 8\), expected \(N, 3, H, W\)"):
        SPAN()(torch.zeros(1, 1, 8, 8))
    with pytest.raises(OptionError, match="span: features must be 1 or more, got 0"):
        get("span").build(get("span").checked(Setup(channels=3, scale=4, options={"features": 0})))

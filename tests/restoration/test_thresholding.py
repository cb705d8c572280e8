"""Hard, soft and smooth hard thresholds: their limits, gradients and errors."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, strategies as st

from restoration import hard_threshold, smooth_hard_threshold, soft_threshold
from restoration.errors import RangeError

X = torch.linspace(-6, 6, 1201, dtype=torch.float64)
POSITIVE = st.floats(0.1, 5)


def test_values_are_those_of_the_definitions() -> None:
    x = torch.tensor([-3.0, -1.0, 0.0, 1.0, 2.5])
    assert hard_threshold(x, 1.0).tolist() == [-3.0, 0.0, 0.0, 0.0, 2.5]
    assert soft_threshold(x, 1.0).tolist() == [-2.0, 0.0, 0.0, 0.0, 1.5]


def test_a_coefficient_equal_to_the_threshold_is_removed() -> None:
    assert hard_threshold(torch.tensor([1.0, -1.0]), 1.0).count_nonzero() == 0


@given(POSITIVE)
def test_tends_to_the_hard_threshold_when_cold(threshold: float) -> None:
    away = X[(X.abs() - threshold).abs() > 0.02]
    smooth = smooth_hard_threshold(away, threshold, 1e-3)
    torch.testing.assert_close(smooth, hard_threshold(away, threshold), rtol=0, atol=1e-6)


@given(POSITIVE)
def test_tends_to_the_soft_threshold_when_hot(threshold: float) -> None:
    smooth = smooth_hard_threshold(X, threshold, 1e8)
    torch.testing.assert_close(smooth, soft_threshold(X, threshold), rtol=0, atol=1e-6)


@given(POSITIVE, POSITIVE)
def test_is_odd(threshold: float, temperature: float) -> None:
    forward = smooth_hard_threshold(X, threshold, temperature)
    torch.testing.assert_close(smooth_hard_threshold(-X, threshold, temperature), -forward)


def test_is_differentiable_in_all_three() -> None:
    x = torch.tensor([-3.1, -1.2, 0.4, 1.9, 5.0], dtype=torch.float64, requires_grad=True)
    threshold, temperature = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.3, 0.7))
    assert torch.autograd.gradcheck(smooth_hard_threshold, (x, threshold, temperature))


@pytest.mark.parametrize("temperature", [0.0, -1.0, torch.tensor([0.5, -2.0])])
def test_refuses_a_temperature_that_is_not_positive(temperature: float | torch.Tensor) -> None:
    with pytest.raises(RangeError, match=r"temperature must be positive, got (0\.0|-1\.0|-2\.0)"):
        smooth_hard_threshold(X, 1.0, temperature)

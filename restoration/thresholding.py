"""Shrinkage of coefficients: hard, soft, and a smooth hard threshold through which a threshold can be learnt.

All are odd in `x` and take any shapes that broadcast. Thresholds share the unit of `x`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from restoration.errors import RangeError


def hard_threshold(x: Tensor, threshold: float | Tensor) -> Tensor:
    """`x` where |x| > threshold, else 0: the minimiser of (x - y)^2 + threshold^2 [y != 0] over y."""
    return torch.where(x.abs() > threshold, x, 0)


def soft_threshold(x: Tensor, threshold: float | Tensor) -> Tensor:
    """`x` moved towards 0 by `threshold`, and 0 where it would pass it.

    The maximum a posteriori estimate under Gaussian noise of variance s^2 and the prior exp(-|y| / b):
    threshold = s^2 / b, hence s^2 for a prior of unit scale (Donoho 1995; Moulin and Liu 1999).
    """
    return x.sign() * (x.abs() - threshold).relu()


def smooth_hard_threshold(x: Tensor, threshold: float | Tensor, temperature: float | Tensor) -> Tensor:
    """ReLU(x - T + T tanh((x - T) / temperature)) for x >= 0, continued as an odd function.

    Tends to `hard_threshold` as `temperature` goes to 0 and to `soft_threshold` as it grows; differentiable in all
    three. `temperature` has the unit of `x`. Raises RangeError where it is not positive.
    """
    if bool((torch.as_tensor(temperature) <= 0).any()):
        lowest = float(torch.as_tensor(temperature).min())
        raise RangeError(f"temperature must be positive, got {lowest}; `hard_threshold` is its limit at 0")
    over = x.abs() - threshold
    return x.sign() * (over + threshold * torch.tanh(over / temperature)).relu()

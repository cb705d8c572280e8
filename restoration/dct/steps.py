"""The two steps of the stronger DCT denoisers as functions of coefficients: weighted hard thresholds, Wiener gains."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from restoration.dct.basis import check_block_size
from restoration.dct.overlap import Shrink
from restoration.thresholding import hard_threshold


@dataclass(frozen=True, eq=False)
class Steps:
    """The numbers of both steps, one per frequency (B, B); DC's are 0, which keeps it and leaves it out of weights."""

    thresholds: Tensor
    """First step: ratios T / sigma."""
    kept_costs: Tensor
    """A block of the first step weighs 1 / (1 + the sum of these over its kept coefficients)."""
    noise: Tensor
    """Second step: the gain is p^2 / (p^2 + (noise sigma)^2) for a coefficient p of the first step's result."""
    gain_costs: Tensor
    """A block of the second step weighs 1 / (1 + the sum of gain^2 times these)."""

    @classmethod
    def of_ratio(cls, block_size: int, ratio: float) -> Steps:
        """The same number for every frequency: the published program's, with ratio 3 there."""
        check_block_size(block_size)
        ones = torch.ones(block_size, block_size)
        ones[0, 0] = 0
        return cls(ones * ratio, ones, ones, ones)

    def tables(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """All four, in the order above."""
        return self.thresholds, self.kept_costs, self.noise, self.gain_costs


def hard_step(thresholds: Tensor, costs: Tensor) -> Shrink:
    """Hard thresholds (B, B) in image units, blocks weighed by the `costs` of what they keep."""

    def shrink(coefficients: Tensor) -> tuple[Tensor, Tensor]:
        kept = hard_threshold(coefficients, thresholds.to(coefficients).reshape(-1, 1, 1))
        return kept, block_weights((kept != 0).to(kept), costs)

    return shrink


def wiener_step(noise: Tensor, costs: Tensor) -> Shrink:
    """Gains from a guide's coefficients and the `noise` (B, B) in image units, 0 keeps; weighed by squared gains."""

    def shrink(coefficients: Tensor, guide: Tensor) -> tuple[Tensor, Tensor]:
        variance = noise.to(guide).reshape(-1, 1, 1).square()
        power = guide.square()
        gains = torch.where(variance > 0, power / (power + variance), 1)
        return coefficients * gains, block_weights(gains.square(), costs)

    return shrink


def block_weights(kept: Tensor, costs: Tensor) -> Tensor:
    """1 / (1 + the sum over frequencies of `costs` (B, B) times `kept` (M, B*B, h, w)). (M, 1, h, w)."""
    return 1 / (1 + torch.einsum("k,mkhw->mhw", costs.to(kept).flatten(), kept)[:, None])

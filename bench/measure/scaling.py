"""How time grows: exponents against pixels, block size and threads, and what the operation count explains of it.

Pure functions on arrays; intervals are 95 % and come from Student's t, which supposes independent errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.errors import BenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIDENCE = 0.95

_TWO = 2  # points through which a line passes whatever the errors


@dataclass(frozen=True)
class Estimate:
    """A fitted number with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PowerLaw:
    """seconds = factor x abscissa^exponent, fitted to logarithms."""

    exponent: Estimate
    factor: float
    residuals: tuple[float, ...]
    """Measured over fitted, less 1: 0.1 is 10 % slower than the law."""


@dataclass(frozen=True)
class CostModel:
    """seconds = overhead + seconds_per_mac x MACs, fitted by least relative squares."""

    overhead: Estimate
    seconds_per_mac: Estimate
    residuals: tuple[float, ...]
    """Measured over fitted, less 1, in the order given: what the operation count does not explain."""
    explained: float
    """Share of the variance of log seconds that the model explains; negative where a constant explains more."""


def fit_power_law(abscissa: Sequence[float], seconds: Sequence[float]) -> PowerLaw:
    """The law through points of one method; raises `BenchError` below three points or where one is not positive.

    Against threads the exponent is -1 for perfect scaling and 0 for none.
    """
    import numpy as np

    x, y = (np.log(_positive(values, name)) for values, name in ((abscissa, "abscissa"), (seconds, "seconds")))
    design = np.stack([np.ones_like(x), x], axis=1)  # (points, 2)
    offset, exponent = _least_squares(design, y)
    residuals = np.expm1(y - design @ np.array([offset.value, exponent.value]))
    return PowerLaw(exponent, float(np.exp(offset.value)), tuple(residuals.tolist()))


def fit_cost_model(macs: Sequence[float], seconds: Sequence[float]) -> CostModel:
    """The model through points of several methods and sizes on one machine; raises as `fit_power_law` does.

    Relative errors count, so that a method of 3 ms weighs as much as one of 3 s.
    """
    import numpy as np

    x, y = _positive(macs, "MACs", zero=True), _positive(seconds, "seconds")
    design = np.stack([np.ones_like(x), x], axis=1)  # (points, 2)
    scale = np.array([1.0, max(float(x.max()), 1.0)])  # both columns of one magnitude
    overhead, slope = _least_squares(design / scale / y[:, None], np.ones_like(y))
    per_mac = Estimate(*(value / scale[1] for value in (slope.value, slope.low, slope.high)))
    fitted = overhead.value + per_mac.value * x
    return CostModel(overhead, per_mac, tuple((y / fitted - 1).tolist()), _explained(y, fitted))


def _least_squares(design: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[Estimate, Estimate]:
    """The two coefficients that fit best, with their intervals."""
    import numpy as np
    from scipy.stats import t

    if len(values) <= _TWO or np.linalg.matrix_rank(design) < _TWO:
        raise BenchError(f"a fit needs at least 3 points at 2 places, got {len(values)}; measure more sizes")
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    freedom = len(values) - _TWO
    variance = float(np.sum((values - design @ coefficients) ** 2)) / freedom
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    reach = float(t.ppf((1 + CONFIDENCE) / 2, freedom))
    first, second = (
        Estimate(float(c), float(c - reach * e), float(c + reach * e))
        for c, e in zip(coefficients, errors, strict=True)
    )
    return first, second


def _explained(measured: NDArray[np.float64], fitted: NDArray[np.float64]) -> float:
    import numpy as np

    if (fitted <= 0).any():
        return float("nan")
    logs = np.log(measured)
    total = float(np.sum((logs - logs.mean()) ** 2))
    return 1 - float(np.sum((logs - np.log(fitted)) ** 2)) / total if total else float("nan")


def _positive(values: Sequence[float], name: str, *, zero: bool = False) -> NDArray[np.float64]:
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    low = array.min(initial=1.0)
    if not np.isfinite(array).all() or low < 0 or (low == 0 and not zero):
        raise BenchError(f"a fit needs positive, finite {name}, got {low if np.isfinite(low) else 'an undefined one'}")
    return array

"""What a sliding DCT and its inverse multiply per pixel, by the algorithm that computes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from restoration.compiled.butterflies import forward, inverse, multiplications
from restoration.method import Setup

_BLOCKS_PER_SPACING = 0.7
"""Random blocks for each square of `spacing` pixels, about: what their sampling leaves."""


@cache
def multiplications_of(order: int) -> int:
    """Multiplications of one DCT of `order` samples and of its inverse, as `butterflies` writes them."""
    return multiplications(forward, order) + multiplications(inverse, order)


def macs_by_algorithm(block_size: int, stride: int = 1) -> Mapping[str, float]:
    """Multiply-adds per pixel for blocks of `block_size` N every `stride` s pixels.

    `dense`: 2 N^4 for each block. `separable`: 4 N^3 for each block. `shared rows`: the passes across are shared by
    all blocks of a column, which leaves 2 (N^3 / s^2 + N^2 / s). `butterflies`: the same passes, each N-point transform
    split into even and odd halves as often as N is even; the additions of a butterfly are no multiply-adds.
    """
    n, s = block_size, stride
    return {
        "dense": 2 * n**4 / s**2,
        "separable": 4 * n**3 / s**2,
        "shared rows": 2 * (n**3 / s**2 + n**2 / s),
        "butterflies": multiplications_of(n) * (n / s**2 + 1 / s),
    }


def steps_by_algorithm(block_size: int, *, stride: int, passes: int, scales: int) -> Mapping[str, float]:
    """The same of the denoiser in steps: a forward and an inverse transform, two and one more for a second step.

    Each step computes its blocks' weights and spreads them. The coarser `scales` have a quarter of the pixels each.
    """
    n, s = block_size, stride
    pairs = 1 + 1.5 * (passes - 1)
    found = {name: pairs * macs for name, macs in macs_by_algorithm(n, s).items()}
    halves = [multiplications(transform, n) for transform in (forward, inverse)]
    found["butterflies"] = ((2 * passes - 1) * halves[0] + passes * halves[1]) * (n / s**2 + 1 / s)
    return {name: macs_at_scales(macs, n, stride=s, passes=passes, scales=scales) for name, macs in found.items()}


def macs_at_scales(transforms: float, block_size: int, *, stride: int = 1, passes: int, scales: int) -> float:
    """`transforms` per pixel, and the weights of `passes` steps, at each of a pyramid's scales.

    The pyramid's whole-image DCTs, n log n each, are left out.
    """
    n, s = block_size, stride
    weights = passes * ((n**2 + n) / s**2 + n / s)
    return sum(0.25**level for level in range(scales)) * (transforms + weights)


def steps_per_pixel(setup: Setup) -> float:
    """What `macs_per_pixel` is to `algorithms`, of the denoiser in steps."""
    return algorithms_of_steps(setup)["dense" if setup.options["engine"] == "dense" else "shared rows"]


def algorithms_of_steps(setup: Setup) -> Mapping[str, float]:
    """`steps_by_algorithm` of a setup, the one that runs first."""
    size, stride, passes, scales = (int(setup.options[name]) for name in ("block_size", "stride", "passes", "scales"))
    found = steps_by_algorithm(size, stride=stride, passes=passes, scales=scales)
    return _ordered(found, {"separable": "shared rows"}, setup)


def macs_per_pixel(setup: Setup) -> float:
    """Closed form of forward and inverse, by the engine that runs; thresholds and divisions are not counted.

    The fused engine's is that of shared rows: what its butterflies save stands in `algorithms`.
    """
    plain = "separable" if float(setup.options["spacing"]) else "shared rows"
    return algorithms(setup)["dense" if setup.options["engine"] == "dense" else plain]


def algorithms(setup: Setup) -> Mapping[str, float]:
    """`macs_by_algorithm` of a setup, the one that runs first.

    Adaptive weights are spread over their blocks in two passes. Random blocks (`spacing`) share no rows: about
    0.7 / spacing^2 of them for a pixel.
    """
    size, stride = int(setup.options["block_size"]), int(setup.options["stride"])
    spacing = float(setup.options["spacing"])
    if spacing:
        blocks = _BLOCKS_PER_SPACING / spacing**2
        found = {name: blocks * macs for name, macs in macs_by_algorithm(size).items() if name != "shared rows"}
        found["butterflies"] = blocks * 2 * size * multiplications_of(size)
    else:
        spread = size / stride**2 + size / stride if setup.options["aggregation"] == "adaptive" else 0
        found = {name: macs + spread for name, macs in macs_by_algorithm(size, stride).items()}
    return _ordered(found, {"separable": "separable" if spacing else "shared rows"}, setup)


def learnt_numbers(setup: Setup) -> int:
    """How many numbers are learnt for one noise level: in each table one per frequency, but DC's, which is fixed.

    One step has a table of thresholds; in the denoiser in steps each has one of weights, too.
    """
    options = setup.options
    each = int(options["block_size"]) ** 2 - 1
    if "passes" in options:
        return 2 * int(options["passes"]) * each if options["learnt"] else 0
    return each if options["thresholds"] else 0


def _ordered(found: Mapping[str, float], names: Mapping[str, str], setup: Setup) -> Mapping[str, float]:
    """`found` with the algorithm that the setup's engine runs first, then the dearest."""
    engine = str(setup.options["engine"])
    if engine == "auto":
        engine = "fused" if setup.device == "cpu" else "separable"
    runs = {"fused": "butterflies", "dense": "dense", **names}[engine]
    return {name: found[name] for name in sorted(found, key=lambda name: (name != runs, -found[name]))}

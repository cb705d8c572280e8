"""The pytest plug-in: a fixture that puts quality, operations and memory of a restorer beside its time.

It stands on pytest-benchmark's fixture `benchmark`, whose `extra_info` it fills. pytest loads it wherever this package
is installed, so it imports nothing but pytest until the fixture is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bench.measure.restorer import Figures

MARKER = "restoration_min_psnr"
OPTION = "--restoration-min-psnr"

_BENCHMARK = ("benchmark", "pytest_benchmark.plugin")
"""The names under which pytest-benchmark registers itself."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the floor for every test without one of its own."""
    group = parser.getgroup("restobench")
    group.addoption(OPTION, type=float, metavar="DB", help="PSNR in dB that every restoration_benchmark has to reach")


def pytest_configure(config: pytest.Config) -> None:
    """Names the marker, and offers the fixture: one that says what is missing where pytest-benchmark is."""
    config.addinivalue_line("markers", f"{MARKER}(db): PSNR in dB that this test's restorer has to reach")
    if (floor := config.getoption(OPTION)) is not None and not math.isfinite(floor):
        raise pytest.UsageError(f"{OPTION} {floor}: expected a number of decibels, as in 28.5")
    there = any(config.pluginmanager.has_plugin(name) for name in _BENCHMARK)
    config.pluginmanager.register(_Beside() if there else _Alone(), "restobench-fixture")


class _Beside:
    """The fixture beside pytest-benchmark's."""

    @pytest.fixture
    def restoration_benchmark(self, benchmark: Any, request: pytest.FixtureRequest) -> Callable[..., Figures]:
        """Times `restorer` on `image` with noise of `sigma` (8-bit scale) and a stated `seed`, and returns the figures.

        The restorer is a method's name, a torch module or a callable; the image a tensor, an array, a file or a bundled
        image's name. The test fails where the output is no image, where the input was written to, and below the floor:
        `min_psnr`, or else the marker's, or else the command line's.
        """

        def measure(
            restorer: object,
            image: Any,
            sigma: float = 25.0,
            *,
            scale: int = 0,
            seed: int = 0,
            options: Mapping[str, bool | float | str] | None = None,
            min_psnr: float | None = None,
        ) -> Figures:
            __tracebackhide__ = True
            floor = _floor(request, min_psnr)
            return _measured(
                benchmark, floor, restorer, image, sigma_255=sigma, scale=scale, seed=seed, options=options
            )

        return measure


class _Alone:
    """The fixture without pytest-benchmark."""

    @pytest.fixture
    def restoration_benchmark(self) -> None:
        """Fails, and says what to install."""
        pytest.fail(
            "restoration_benchmark needs pytest-benchmark, which is not installed or switched off (-p no:benchmark): "
            "pip install pytest-benchmark",
            pytrace=False,
        )


def _measured(benchmark: Any, floor: float | None, restorer: object, image: Any, **given: Any) -> Figures:
    __tracebackhide__ = True
    import torch

    from bench.measure.restorer import measured, prepared, timed

    with _failing_in_one_line():
        trial = prepared(restorer, image, **given)
        figures = measured(trial)
    benchmark.extra_info.update(figures.record(), min_psnr_db=floor)
    shown = trial.batch.clone()
    with torch.inference_mode():
        benchmark(trial.restore, shown)
    with _failing_in_one_line():
        trial.check_unwritten(shown)
    if floor is not None and not figures.psnr_db >= floor:
        case = figures.case
        what = f"sigma {case.sigma_255:g}" if case.task == "denoise" else f"x{case.scale}"
        pytest.fail(
            f"{case.method}: PSNR {figures.psnr_db:.2f} dB on {case.image or 'the image'} ({what}), below the floor of "
            f"{floor:g} dB",
            pytrace=False,
        )
    return timed(figures, benchmark.stats.stats.median if benchmark.stats else None)


def _floor(request: pytest.FixtureRequest, own: float | None) -> float | None:
    """What the PSNR has to reach: the test's own floor, its marker's, or the command line's."""
    mark = request.node.get_closest_marker(MARKER)
    if own is None and mark:
        if len(mark.args) != 1 or mark.kwargs:
            pytest.fail(f"@pytest.mark.{MARKER} takes one number, as in {MARKER}(28.5)", pytrace=False)
        own = mark.args[0]
    floor = request.config.getoption(OPTION) if own is None else own
    if floor is not None and not (isinstance(floor, int | float) and math.isfinite(floor)):
        pytest.fail(f"the floor of the PSNR is {floor!r}; expected a number of decibels, as in 28.5", pytrace=False)
    return floor


@contextmanager
def _failing_in_one_line() -> Iterator[None]:
    """The test fails with the sentence of what this project raises; what the restorer itself raises passes."""
    from bench.errors import BenchError
    from restoration.errors import RestorationError

    try:
        yield
    except (BenchError, RestorationError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None

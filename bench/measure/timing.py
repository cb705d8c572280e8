"""Seconds of one case: build, first call, warm-up, then as many calls as pytest-benchmark calibrates.

Every raw sample is kept and says which phase it is of; medians are made later, from `measure` alone.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.machine.clock import Clock, clock_for
from bench.machine.threads import fixed_threads
from bench.measure.inputs import batch_for
from bench.plan.case import Case, Phase, Reading
from bench.record.attempt import attempt
from bench.record.rows import Row
from restoration.catalog import get

if TYPE_CHECKING:
    from restoration.method import Restore

WARMUP_CALLS = 2
"""Calls after the first one that are kept, marked, and left out of every statistic."""

SUITE = Path(__file__).parents[1] / "suite"


def sample(phase: Phase, seconds: float, repeat: int = 0, note: str = "") -> Reading:
    """A reading of one timed call."""
    return Reading("seconds", seconds, "s", phase=phase, repeat=repeat, note=note)


def built(case: Case, clock: Clock) -> tuple[Restore, Reading]:
    """The method of a case, built, and how long that took."""
    method = get(case.method)
    begin = clock()
    restore = method.build(method.checked(case.setup()))
    return restore, sample("build", clock() - begin)


def timed(case: Case, benchmark: Callable[..., Any], clock: Clock) -> Iterator[Reading]:
    """Every sample of one case; `benchmark` is pytest-benchmark's fixture, with the same clock."""
    import torch

    whole = clock_for("cpu")
    with fixed_threads(case.threads), torch.inference_mode():
        batch = batch_for(case)
        begun = whole()
        restore, building = built(case, clock)
        yield building
        for repeat in range(1 + WARMUP_CALLS):
            begin = clock()
            restore(batch)
            yield sample("warmup" if repeat else "first", clock() - begin, max(repeat - 1, 0))
        benchmark(restore, batch)
        ended = whole()
        calls = benchmark.stats.stats  # type: ignore[attr-defined]
        note = f"mean of {benchmark.stats.iterations} calls" if benchmark.stats.iterations > 1 else ""  # type: ignore[attr-defined]
        for repeat, seconds in enumerate(calls.data):
            yield sample("measure", seconds, repeat, note)
        yield Reading("measured_seconds", ended - begun, "s")


@dataclass(frozen=True)
class Recorder:
    """The plugin by which a run hands its cases to the suite and gets their rows back, one case at a time."""

    run: str
    cases: Sequence[Case]
    keep: Callable[[list[Row]], None]
    round_seconds: float = 0.5

    def record(self, case: Case, read: Callable[[], Iterable[Reading]]) -> None:
        """Keeps the rows of one case; a failure is kept too, and then fails its test."""
        rows = attempt(self.run, case, read)
        self.keep(rows)
        errors = [row.error for row in rows if row.error]
        if errors:
            import pytest

            pytest.fail(errors[0], pytrace=False)


def run_suite(recorder: Recorder, directory: Path) -> None:
    """Runs the pytest-benchmark suite in this process; leaves `benchmark.json` and `benchmark.log` in `directory`."""
    import pytest

    arguments = [
        str(SUITE), "-c", str(SUITE / "pytest.ini"), "--rootdir", str(SUITE), "-q", "--tb=line",
        "-p", "no:cacheprovider", "-p", "pytest_benchmark.plugin",
        f"--benchmark-json={directory / 'benchmark.json'}", f"--benchmark-storage={directory}",
    ]  # fmt: skip
    with (
        _alone(),
        (directory / "benchmark.log").open("w", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        status = pytest.main(arguments, plugins=[recorder])
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keeps pytest from loading other plugins, which would be timed too, and from minding a pytest around it."""
    before = os.environ.copy()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_XDIST_WORKER", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def parameter(case: Case, round_seconds: float) -> Any:
    """`case` as a pytest parameter with a readable id, timed by its device's clock."""
    import pytest

    size = f"{case.height}x{case.width}"
    name = "-".join([case.method, case.variant.replace(" ", ","), size, case.device, case.dtype])
    return pytest.param(
        case,
        id=name,
        marks=pytest.mark.benchmark(
            group=size, timer=clock_for(case.device), max_time=round_seconds, min_rounds=5, warmup=False
        ),
    )

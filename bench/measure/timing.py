"""Seconds of one case: build, first call, warm-up, then as many calls as pytest-benchmark calibrates.

The calls are those of `bench.measure.calls`; the suite that pytest runs lies in `bench/suite/`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.machine.clock import Clock, clock_for
from bench.machine.energy import Counter
from bench.machine.threads import fixed_threads
from bench.measure.calls import built, sample, seconds_per_call, warm_up
from bench.measure.cold import cold_starts
from bench.measure.energy import joules
from bench.measure.inputs import batch_for
from bench.measure.room import room_for
from bench.plan.case import Case, Reading
from bench.plan.spec import Spec
from bench.record.attempt import MEASURED, attempt
from bench.record.rows import Row
from restoration.method import Restore

WARMUP_CALLS = 2
"""Calls after the first one that are kept, marked, and left out of every statistic."""

ROUNDS_ON_COPIES = 20
"""Timed calls of a method that writes into its input: each gets a copy of its own, made before its time begins."""

BENCHMARKS = "benchmark.json"
"""pytest-benchmark's own record, in the run directory."""

SUITE = Path(__file__).parents[1] / "suite"


@dataclass(frozen=True)
class Terms:
    """How long and how often a case is timed."""

    seconds: float = 0.5
    """In all, at least."""
    queries: int = 0
    """Calls at least, every one timed by itself; 0: as pytest-benchmark calibrates."""
    cold_starts: int = 0
    """Fresh processes that are timed from their start to the first restored image."""

    @classmethod
    def of(cls, spec: Spec) -> Terms:
        """Those that a spec states."""
        return cls(spec.round_seconds, spec.queries, spec.cold_starts)


def timed(
    case: Case, benchmark: Any, clock: Clock, terms: Terms, counters: Sequence[Counter] = ()
) -> Iterator[Reading]:
    """Every sample of one case, and its joules by `counters`; `benchmark` is pytest-benchmark's fixture, of `clock`."""
    whole = clock_for("cpu")
    with fixed_threads(case.threads), torch.inference_mode(), room_for(case):
        batch = batch_for(case)
        begun = whole()
        yield from cold_starts(case, batch, terms.cold_starts, whole)
        restore, building = built(case, clock)
        yield building
        readings, written = warm_up(case, restore, batch, clock, calls=WARMUP_CALLS)
        yield from readings

        def shown() -> torch.Tensor:
            return batch.clone() if written else batch

        if written or terms.queries:
            rounds = terms.queries or ROUNDS_ON_COPIES
            benchmark.pedantic(restore, setup=lambda: ((shown(),), {}), rounds=rounds)
            _complete(benchmark, restore, shown, clock, terms)
        else:
            benchmark(restore, batch)
        used = list(joules(lambda: restore(shown()), counters, whole, wait=clock))
        ended = whole()
        calls = benchmark.stats.stats
        note = f"mean of {benchmark.stats.iterations} calls" if benchmark.stats.iterations > 1 else ""
        for repeat, seconds in enumerate(calls.data):
            yield sample("measure", seconds, repeat, note)
        yield from used
        yield Reading(MEASURED, ended - begun, "s")


def _complete(benchmark: Any, restore: Restore, shown: Callable[[], torch.Tensor], clock: Clock, terms: Terms) -> None:
    """More calls, where the queries have not filled their time."""
    calls = benchmark.stats.stats
    passed = sum(calls.data)
    while terms.queries and passed < terms.seconds:
        seconds = seconds_per_call(partial(restore, shown()), clock)
        calls.update(seconds)
        passed += seconds


@dataclass(frozen=True)
class Recorder:
    """The plugin by which a run hands its cases to the suite and gets their rows back, one case at a time."""

    run: str
    cases: Sequence[Case]
    keep: Callable[[list[Row]], None]
    terms: Terms = Terms()

    def record(self, case: Case, read: Callable[[], Iterable[Reading]]) -> None:
        """Keeps the rows of one case; a failure is kept too, and then fails its test."""
        rows = attempt(self.run, case, read)
        self.keep(rows)
        errors = [row.error for row in rows if row.error]
        if errors:
            pytest.fail(errors[0], pytrace=False)


def run_suite(recorder: Recorder, directory: Path) -> None:
    """Runs the pytest-benchmark suite in this process; leaves `benchmark.json` and `benchmark.log` in `directory`."""
    arguments = [
        str(SUITE), "-c", str(SUITE / "pytest.ini"), "--rootdir", str(SUITE), "-q", "--tb=line",
        "-p", "no:cacheprovider", "-p", "pytest_benchmark.plugin",
        f"--benchmark-json={directory / BENCHMARKS}", f"--benchmark-storage={directory}",
    ]  # fmt: skip
    earlier = recorded(directory)
    with (
        _without_plugins(),
        (directory / "benchmark.log").open("w", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        status = pytest.main(arguments, plugins=[recorder])
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if earlier and (latest := recorded(directory)) != earlier:
        record_benchmarks(directory, latest, after=earlier)


def recorded(directory: Path) -> Mapping[str, Any]:
    """pytest-benchmark's own record of a run so far; empty where there is none."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((directory / BENCHMARKS).read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("benchmarks"), list):
            return found
    return {}


def record_benchmarks(directory: Path, latest: Mapping[str, Any], *, after: Mapping[str, Any]) -> None:
    """Makes the latest session's record that of the run, with the benchmarks of earlier sessions before its own."""
    whole = {**latest, "benchmarks": [*after.get("benchmarks", ()), *latest["benchmarks"]]}
    (directory / BENCHMARKS).write_text(json.dumps(whole, indent=4), encoding="utf-8")


@contextlib.contextmanager
def _without_plugins() -> Iterator[None]:
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
    return pytest.param(
        case,
        id=case.timed_name,
        marks=pytest.mark.benchmark(
            group=case.size, timer=clock_for(case.device), max_time=round_seconds, min_rounds=5,
            warmup=False,
        ),
    )  # fmt: skip

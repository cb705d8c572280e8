"""A history tells the noise of each series, finds where a level changed, and never mixes machines silently."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bench.errors import NoVerdictError
from bench.plan.spec import Tolerance
from bench.regress.history import Entry, Point
from bench.regress.levels import LEAST_RUNS, check, comparable, level_of, overview, status, trend
from reports.derive.verdict_words import Word

ENVIRONMENT = {"cpu": "x", "threads": 2}
STRICT = Tolerance(time=0.001)


def entries(values: list[float], metric: str = "seconds", cpu: str = "x") -> list[Entry]:
    return [
        Entry(
            run=f"r{number}", revision=f"rev{number}", started="", fingerprint=f"print-{cpu}",
            environment={**ENVIRONMENT, "cpu": cpu}, series={"s": Point(metric, value)},  # type: ignore[arg-type]  # of four
        )
        for number, value in enumerate(values)
    ]  # fmt: skip


def judged(history: list[float], value: float, metric: str = "seconds") -> Word:
    entry = replace(entries([value], metric)[0], run="new")
    return Word(str(check(entry, entries(history, metric))[0]["verdict"]))


def noisy(count: int, *, level: float = 0.1, noise: float = 0.01, seed: int = 0) -> list[float]:
    return list(level * np.exp(np.random.default_rng(seed).normal(0, noise, count)))


def test_another_environment_is_refused_with_the_fields_that_differ() -> None:
    here, there = replace(entries([0.1])[0], run="new"), entries([0.1], cpu="y")
    with pytest.raises(NoVerdictError, match=r"cpu: 'y' there, 'x' here; --allow-other-machine"):
        comparable(here, there, other_machine=False)
    assert comparable(here, there, other_machine=True) == there
    assert comparable(here, [*there, *entries([0.1])], other_machine=False) == entries([0.1])
    assert comparable(here, [], other_machine=False) == []
    assert comparable(here, [*entries([0.1]), here], other_machine=False) == entries([0.1])  # not by itself


def test_a_series_needs_a_few_runs_before_it_is_judged() -> None:
    assert judged(noisy(LEAST_RUNS - 1), 0.1) is Word.NO_VERDICT
    assert judged(noisy(LEAST_RUNS), 0.1) is Word.UNCHANGED


@pytest.mark.parametrize(
    ("metric", "factor", "word"),
    [
        ("seconds", 1.1, Word.SLOWER),
        ("seconds", 0.9, Word.FASTER),
        ("peak_bytes", 1.1, Word.WORSE),
        ("peak_bytes", 0.9, Word.BETTER),
        ("macs_per_pixel", 1.001, Word.SLOWER),
        ("psnr_db", 0.999, Word.WORSE),
        ("psnr_db", 1.001, Word.BETTER),
        ("psnr_db", 1.00001, Word.UNCHANGED),
    ],
)
def test_each_metric_has_its_direction(metric: str, factor: float, word: Word) -> None:
    level = 30.0
    noise = 0.005 if metric == "seconds" else 0.0
    assert judged(noisy(12, level=level, noise=noise), level * factor, metric) is word


@pytest.mark.parametrize(
    ("metric", "detectable"),
    [("seconds", "1.99 %"), ("peak_bytes", "3.31 %"), ("psnr_db", "0.006667"), ("macs_per_pixel", "")],
)
def test_an_exact_series_tells_two_thirds_of_its_tolerance_apart(metric: str, detectable: str) -> None:
    record = check(replace(entries([30.0], metric)[0], run="new"), entries([30.0] * 8, metric))[0]
    assert record["expected"] == pytest.approx(30.0)
    assert str(record["detectable"]).startswith(detectable)


def test_of_many_series_hardly_one_is_called_changed_by_chance() -> None:
    def series(seed: int) -> dict[str, Point]:
        values = np.random.default_rng(seed).normal(0, 0.003, 40)
        return {f"s{number}": Point("seconds", 0.1 * np.exp(value)) for number, value in enumerate(values)}

    history = [replace(entry, series=series(number)) for number, entry in enumerate(entries([0.1] * 30))]
    new = [replace(entries([0.1])[0], run="new", series=series(seed), tolerance=STRICT) for seed in range(100, 130)]
    words = [record["verdict"] for entry in new for record in check(entry, history)]
    assert len(words) == 30 * 40
    assert sum(word in {Word.SLOWER, Word.FASTER} for word in words) <= 6


def test_a_noisy_series_does_not_say_slower_for_its_own_noise_and_says_that_it_is_noisy() -> None:
    words = [judged(noisy(20, noise=0.2, seed=seed), noisy(1, noise=0.2, seed=100 + seed)[0]) for seed in range(40)]
    assert sum(word in {Word.SLOWER, Word.FASTER} for word in words) <= 2
    assert words.count(Word.NO_VERDICT) >= 38


def test_a_run_is_judged_by_the_level_since_the_last_change() -> None:
    history = [*noisy(10, level=0.2), *noisy(10, level=0.1, seed=1)]
    assert judged(history, 0.2) is Word.SLOWER
    assert judged(history, 0.1) is Word.UNCHANGED


def test_the_noise_of_a_series_is_the_standard_deviation_of_one_run() -> None:
    series = [np.random.default_rng(seed).normal(0, 0.01, 80) for seed in range(60)]
    noises = [level_of(list(values), least_noise=1e-9).noise for values in series]
    assert np.mean(noises) == pytest.approx(0.01, rel=0.03)


@given(st.integers(6, 20), st.integers(6, 20), st.integers(0, 50))
def test_a_step_is_found_where_it_is(before: int, after: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(0, 0.01, before + after)
    values[before:] += 0.2
    level = level_of(list(values), least_noise=1e-9)
    assert level.changes
    assert min(abs(change - before) for change in level.changes) <= 1
    assert level.value == pytest.approx(0.2, abs=0.03)


def test_a_steady_series_hardly_ever_changes() -> None:
    changed = sum(
        bool(level_of(list(np.random.default_rng(seed).normal(0, 1, 30)), least_noise=1e-9).changes)
        for seed in range(60)
    )
    assert changed <= 6


def test_the_overview_names_the_revision_of_the_last_change() -> None:
    record = overview(entries([*noisy(8, level=0.1), *noisy(8, level=0.12, seed=1)]))[0]
    assert float(str(record["last change"]).split()[0]) == pytest.approx(20, abs=2)
    assert str(record["last change"]).endswith("at rev8")
    assert overview(entries([0.1]), "no such series") == []


def test_the_last_change_is_from_the_level_just_before_it() -> None:
    values = [*noisy(8, level=0.1), *noisy(8, level=0.2, seed=1), *noisy(8, level=0.24, seed=2)]
    assert float(str(overview(entries(values))[0]["last change"]).split()[0]) == pytest.approx(20, abs=2)


def test_a_series_that_a_run_lacks_is_no_verdict() -> None:
    records = check(replace(entries([1.0])[0], series={}), entries(noisy(9)))
    assert [(record["verdict"], record["reason"]) for record in records] == [("no verdict", "absent from this run")]
    assert status(records) == 3
    assert status([]) == 3
    assert [status([{"verdict": word}]) for word in (Word.WORSE, Word.SLOWER, Word.BETTER, Word.UNCHANGED)] == [
        1,
        1,
        0,
        0,
    ]


def test_a_trend_has_each_level_with_its_band_and_each_change_with_its_word() -> None:
    values = [*noisy(10, level=0.1), *noisy(10, level=0.2, seed=1)]
    found = trend("s", entries(values))
    (first, second), (shift,) = found.spans, found.shifts
    assert (first[:2], second[:2], shift[0]) == ((0, 10), (10, 20), 10)
    assert second[2] == pytest.approx(0.2, rel=0.02)
    assert shift[1] == pytest.approx(1, abs=0.05)
    assert shift[2] == "slower"
    inside = [low <= value <= high for start, end, _, low, high in found.spans for value in values[start:end]]
    assert sum(inside) >= 17
    assert second[4] - second[3] < 0.05


def test_a_trend_without_the_package_that_finds_changes_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    found = trend("s", entries([*noisy(10, level=0.1), *noisy(10, level=0.2, seed=1)]))
    assert found.shifts == ()
    assert "need the package ruptures" in found.note


def test_operations_that_change_are_as_large_as_times_that_change_by_as_much() -> None:
    counts, seconds = ([100.0] * 6 + [110.0] * 6, [0.1] * 6 + [0.11] * 6)
    (of_counts,), (of_seconds,) = (
        trend("s", entries(values, metric)).shifts
        for values, metric in ((counts, "macs_per_pixel"), (seconds, "seconds"))
    )
    assert of_counts[2] == of_seconds[2] == "slower"
    assert of_counts[3] == pytest.approx(of_seconds[3], rel=0.1)

"""A comparison, or the values of one run, as pytest-benchmark, github-action-benchmark and Bencher read them."""

from __future__ import annotations

import json
import math
import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.plan.case import Case
from bench.record.files import utf8, write_whole
from bench.regress.findings import BIGGER_IS_BETTER, RELATIVE, UNITS, Comparison, Finding
from bench.regress.history import Entry
from bench.talk import counted
from reports.derive.verdict_words import Word

_BENCHER: Mapping[str, tuple[str, float]] = {
    "seconds": ("latency", 1e9),
    "psnr_db": ("psnr-db", 1.0),
    "macs_per_pixel": ("macs-per-pixel", 1.0),
    "peak_bytes": ("peak-bytes", 1.0),
}
"""Bencher's measure for each metric, and how many of its units one of ours is: its own `latency` is in ns."""


@dataclass(frozen=True)
class Figure:
    """One value for a tool that draws one line per name."""

    name: str
    unit: str
    value: float
    spread: str = ""
    note: str = ""

    def to_action(self) -> dict[str, object]:
        """As github-action-benchmark reads it."""
        extra = {key: text for key, text in (("range", self.spread), ("extra", self.note)) if text}
        return {"name": self.name, "unit": self.unit, "value": self.value, **extra}


def to_pytest_benchmark(comparison: Comparison, *, side: int) -> dict[str, object]:
    """The seconds of base (`side` 0) or head (1) in the format of pytest-benchmark; one datum per block."""
    checkout = (comparison.base, comparison.head)[side]
    timed = [finding for finding in comparison.findings if finding.samples[side]]
    return {
        "machine_info": {
            "node": comparison.fingerprint,
            "machine": platform.machine(),
            "system": platform.system(),
            "python_implementation": platform.python_implementation(),
            "python_version": platform.python_version(),
            "cpu": {"brand_raw": str(comparison.environment.get("cpu", ""))},
        },
        "commit_info": {"id": checkout.commit, "branch": checkout.revision, "dirty": False, "time": comparison.started},
        "benchmarks": [_benchmark(finding.case, finding.samples[side]) for finding in timed],
        "datetime": comparison.started,
        "version": "5.0.0",
    }


def to_actions(findings: Iterable[Finding], *, bigger: bool) -> str:
    """Head's values for github-action-benchmark, `customBiggerIsBetter` or `customSmallerIsBetter`."""
    figures = [
        _figure(finding)
        for finding in findings
        if finding.bigger_is_better is bigger and finding.head is not None and math.isfinite(finding.head)
    ]
    return _actions_json(figures)


def to_bencher(findings: Iterable[Finding]) -> str:
    """Head's values in Bencher Metric Format: time, quality, operations and memory of each case.

    The ends are those of the change: what head would be, were the change as small or as large as its interval allows.
    """
    return bencher_json((finding.place, finding.metric, _ends(finding)) for finding in findings)


def bencher_json(measured: Iterable[tuple[str, str, Mapping[str, float]]]) -> str:
    """Bencher Metric Format: of each benchmark and metric the `value`, and `lower_value` and `upper_value` if known."""
    benchmarks: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for name, metric, ends in measured:
        measure, factor = _BENCHER.get(metric, (metric.replace("_", "-"), 1.0))
        values = {key: factor * value for key, value in ends.items() if math.isfinite(value)}
        if "value" in values:
            benchmarks[name][measure] = values
    return json.dumps(benchmarks, indent=1, ensure_ascii=False, allow_nan=False)


def _ends(finding: Finding) -> dict[str, float]:
    """Head's value, and where there is an interval its ends, under Bencher's names."""
    value, change, ends = finding.head, finding.change, finding.interval
    if value is None:
        return {}
    if ends is None or change is None:
        return {"value": value}
    low, high = (
        value * (1 + end) / (1 + change) if finding.metric in RELATIVE else value + end - change
        for end in (ends.low, ends.high)
    )
    return {"lower_value": low, "value": value, "upper_value": high}


def _actions_json(figures: Iterable[Figure]) -> str:
    """The JSON of github-action-benchmark."""
    return json.dumps([figure.to_action() for figure in figures], indent=1, ensure_ascii=False, allow_nan=False)


def write_actions(entry: Entry, folder: Path) -> list[Path]:
    """Writes a run's values into `folder` as github-action-benchmark reads them; the paths of the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, bigger in (("smaller-is-better.json", False), ("bigger-is-better.json", True)):
        points = {name: point for name, point in entry.series.items() if (point.metric in BIGGER_IS_BETTER) is bigger}
        figures = [
            Figure(name, UNITS[point.metric], point.value, note=f"of {counted(point.samples, 'sample')}")
            for name, point in points.items()
        ]
        paths.append(folder / name)
        write_whole(paths[-1], [utf8(f"{_actions_json(figures)}\n")])
    return paths


def _figure(finding: Finding) -> Figure:
    assert finding.head is not None  # noqa: S101 - chosen so by `to_actions`
    name = f"{finding.case.method} {finding.case.variant} {finding.measured}"
    ends = finding.interval
    spread = ""
    if ends and finding.metric == "seconds" and finding.base:
        spread = f"+-{finding.base * (ends.high - ends.low) / 2:.3g}"
    note = "" if finding.word in {Word.UNCHANGED, Word.SAME_CODE} else f"{finding.word} {finding.reason}".strip()
    return Figure(name, finding.unit, finding.head, spread, note)


def _benchmark(case: Case, seconds: Sequence[float]) -> dict[str, object]:
    from pytest_benchmark.stats import Stats

    stats: Any = Stats()  # type: ignore[no-untyped-call]  # it has no types
    for sample in seconds:
        stats.update(sample)
    name = f"test_time[{case.timed_name}]"
    return {
        "group": case.size,
        "name": name,
        "fullname": f"test_time.py::{name}",
        "params": None,
        "param": case.timed_name,
        "extra_info": {},
        "options": {"disable_gc": False, "warmup": False},
        "stats": {**stats.as_dict(), "data": list(seconds), "iterations": 1},
    }

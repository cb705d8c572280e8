"""A comparison, or a run's check against its history, for other tools: Markdown, CSV, JSON of several programs.

The folder of a comparison holds `comparison.json` (everything, raw seconds too), `comparison.csv`, `comparison.md`,
`benchmark-base.json` and `benchmark-head.json` as pytest-benchmark writes them, and `smaller-is-better.json` and
`bigger-is-better.json` as github-action-benchmark reads them.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.plan.case import Case
from bench.regress.findings import BIGGER_IS_BETTER, Comparison, Finding
from bench.regress.history import Entry
from reports.derive.verdict_words import Word

SCHEMA = 1
"""Version of `comparison.json`."""

UNITS = {"seconds": "s", "psnr_db": "dB", "macs_per_pixel": "MAC/px", "peak_bytes": "B"}


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


def write_comparison(comparison: Comparison, folder: Path) -> Path:
    """Writes every file of a comparison into a new folder below `folder`, and returns it."""
    started = comparison.started.replace(":", "").replace("-", "")
    place = folder / f"compare-{comparison.base.commit[:7]}-{comparison.head.commit[:7]}-{started}"
    findings = comparison.findings
    files = {
        "comparison.json": to_json(comparison),
        "comparison.csv": to_csv([finding.record() for finding in findings]),
        "comparison.md": to_markdown(comparison),
        "benchmark-base.json": json.dumps(to_pytest_benchmark(comparison, side=0), indent=1),
        "benchmark-head.json": json.dumps(to_pytest_benchmark(comparison, side=1), indent=1),
        "smaller-is-better.json": to_actions(findings, bigger=False),
        "bigger-is-better.json": to_actions(findings, bigger=True),
    }
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (place / name).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BenchError(
            f"cannot write the comparison to {place}: {error}; choose another folder with --out"
        ) from error
    return place


def to_json(comparison: Comparison) -> str:
    """The whole comparison, raw seconds among it; infinite values as text."""
    verdicts = [{"method": " ".join(subject), "verdict": word} for subject, word in comparison.verdicts.items()]
    whole = {"schema": SCHEMA, "verdict": comparison.word, "status": comparison.status, "verdicts": verdicts}
    return json.dumps(_plain({**whole, **asdict(comparison)}), indent=1, ensure_ascii=False, allow_nan=False)


def to_csv(records: Sequence[Mapping[str, object]]) -> str:
    """A table with a line for each record, all with the keys of the first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().rstrip("\n")


def to_markdown(comparison: Comparison) -> str:
    """For people: the verdict on top, one line per method, then everything that was measured."""
    counted = sum(finding.metric == "seconds" for finding in comparison.findings)
    sides = f"{comparison.head.label} against {comparison.base.label}"
    lines = [
        f"## restobench: {comparison.word}",
        "",
        (
            f"{sides}, spec {comparison.spec}; {counted} timed cases in {comparison.pairs} fresh process pairs, "
            f"{comparison.seconds:.0f} s, environment {comparison.fingerprint}."
        ),
        "",
        *table([{"method": " ".join(subject[:2]), "verdict": word} for subject, word in comparison.verdicts.items()]),
        "",
        "<details><summary>All measurements</summary>",
        "",
        *table([finding.record() for finding in (*comparison.findings, *comparison.controls)]),
        "",
        "</details>",
        *("", *(f"- {notice}" for notice in comparison.notices)),
    ]
    return "\n".join(lines).rstrip()


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
        if (finding.metric in BIGGER_IS_BETTER) is bigger and finding.head is not None and math.isfinite(finding.head)
    ]
    return actions_json(figures)


def actions_json(figures: Iterable[Figure]) -> str:
    """The JSON of github-action-benchmark."""
    return json.dumps([figure.to_action() for figure in figures], indent=1, ensure_ascii=False, allow_nan=False)


def write_actions(entry: Entry, folder: Path) -> list[Path]:
    """Writes a run's values into `folder` as github-action-benchmark reads them; the paths of the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, bigger in (("smaller-is-better.json", False), ("bigger-is-better.json", True)):
        points = {name: point for name, point in entry.series.items() if (point.metric in BIGGER_IS_BETTER) is bigger}
        figures = [
            Figure(name, UNITS[point.metric], point.value, note=f"of {point.samples} samples")
            for name, point in points.items()
        ]
        paths.append(folder / name)
        paths[-1].write_text(actions_json(figures) + "\n", encoding="utf-8")
    return paths


def check_markdown(run: str, records: Sequence[Mapping[str, object]], stamp: str = "") -> str:
    """A run's check against its history, for people; `stamp` says what is doubtful about the whole."""
    title = f"## restobench: {run} against its history"
    return "\n".join([title, "", *([f"**{stamp}**", ""] if stamp else []), *table(records)])


def write_step_summary(text: str) -> None:
    """Appends Markdown to the summary of a GitHub Actions step; nothing where there is none."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def case_name(case: Case) -> str:
    """The name under which the suite lists the case."""
    return "-".join(
        [case.method, case.variant.replace(" ", ","), f"{case.height}x{case.width}", case.device, case.dtype]
    )


def _figure(finding: Finding) -> Figure:
    assert finding.head is not None  # noqa: S101 - chosen so by `to_actions`
    name = f"{finding.case.method} {finding.case.variant} {finding.measured}"
    ends = finding.interval
    spread = ""
    if ends and finding.metric == "seconds" and finding.base:
        spread = f"+-{finding.base * (ends.high - ends.low) / 2:.3g}"
    note = "" if finding.word is Word.UNCHANGED else f"{finding.word} {finding.reason}".strip()
    return Figure(name, UNITS[finding.metric], finding.head, spread, note)


def _benchmark(case: Case, seconds: Sequence[float]) -> dict[str, object]:
    from pytest_benchmark.stats import Stats

    stats: Any = Stats()  # type: ignore[no-untyped-call]  # it has no types
    for sample in seconds:
        stats.update(sample)
    name = f"test_time[{case_name(case)}]"
    return {
        "group": f"{case.height}x{case.width}",
        "name": name,
        "fullname": f"test_time.py::{name}",
        "params": None,
        "param": case_name(case),
        "extra_info": {},
        "options": {"disable_gc": False, "warmup": False},
        "stats": {**stats.as_dict(), "data": list(seconds), "iterations": 1},
    }


def table(records: Sequence[Mapping[str, object]]) -> list[str]:
    """The lines of a Markdown table of records that all have the keys of the first."""
    if not records:
        return ["Nothing was measured."]
    cells = [[_cell(value) for value in record.values()] for record in records]
    return [f"| {' | '.join(line)} |" for line in ([*records[0]], ["---"] * len(records[0]), *cells)]


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").split())


def _plain(value: object) -> object:
    """`value` as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return str(value) if isinstance(value, Path) else value
